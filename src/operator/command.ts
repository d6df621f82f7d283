// How does a person ask for something by a note on a Rollout?
import * as z from "zod";
import type { RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import { COMMAND } from "../adapters/kubernetes/names.ts";
import type { Command } from "../core/engine/input.ts";

const Said = {
  id: z.string().min(1).max(100),
  actor: z.string().min(1),
  reason: z.string(),
  expected: z.int().optional(),
};

const CommandNote = z.discriminatedUnion("kind", [
  z.strictObject({ ...Said, kind: z.enum(["pause", "resume", "abort", "retry"]) }),
  z.strictObject({ ...Said, kind: z.literal("promote"), full: z.boolean().default(false) }),
  z.strictObject({ ...Said, kind: z.literal("undo"), to: z.string().optional() }),
]);

/** A command that a note holds, or what is wrong with the note. */
export type Noted =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly id: string; readonly message: string };

/** The command of a Rollout's note; nothing without a note, or when it was answered already. */
export function notedOf({ metadata, status }: RolloutObject): Noted | undefined {
  const text = metadata.annotations?.[COMMAND];
  if (text === undefined) return undefined;
  const read = CommandNote.safeParse(jsonOf(text));
  const id = read.success ? read.data.id : text.slice(0, 100);
  if (status?.answers?.some((answer) => answer.id === id)) return undefined;
  if (read.success) return { ok: true, command: read.data };
  const wrong = read.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`).join("; ");
  return { ok: false, id, message: `the note ${COMMAND} is no command: ${wrong}` };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
