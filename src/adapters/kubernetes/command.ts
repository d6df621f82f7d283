// How does a person ask for something by a note on a Rollout, and how is it answered?
import * as z from "zod";
import type { Command } from "../../core/engine/input.ts";
import type { Trouble } from "../../core/issues.ts";
import type { CommandAnswer, RolloutObject } from "./client/objects.ts";
import { COMMAND } from "./names.ts";

/** Longest text of an answer, in characters: an object of a cluster has room for so much only. */
const LONGEST = 1_000;

const Said = {
  id: z.string().min(1).max(100),
  actor: z.string().min(1).max(500),
  reason: z.string().max(LONGEST),
  expected: z.int().min(0).optional(),
};

const CommandNote = z.discriminatedUnion("kind", [
  z.strictObject({ ...Said, kind: z.enum(["pause", "resume", "abort", "retry"]) }),
  z.strictObject({ ...Said, kind: z.literal("promote"), full: z.boolean().default(false) }),
  z.strictObject({ ...Said, kind: z.literal("undo"), to: z.string().max(200).optional() }),
]);

/** What can be asked for by a note. */
export type NotedCommand = Exclude<Command, { readonly kind: "apply" | "scale" }>;

/** A command that a note holds, or what is wrong with the note. */
export type Noted =
  | { readonly ok: true; readonly command: NotedCommand }
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

/** A refusal as an answer, with all that the person is told anywhere else. */
export function refusalOf(id: string, { code, what, found, now, next, exitCode }: Trouble): CommandAnswer {
  return {
    id,
    text: short(what),
    refused: code,
    ...(found === undefined ? {} : { found: short(found) }),
    ...(now === undefined ? {} : { now: short(now) }),
    ...(next === undefined ? {} : { next: short(next) }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

/** The refusal that an answer holds; nothing when it was done. */
export function troubleIn({ text, refused, found, now, next, exitCode }: CommandAnswer): Trouble | undefined {
  if (refused === undefined) return undefined;
  const known = EXITS.find((code) => code === exitCode);
  return { code: refused, what: text, found, now, next, ...(known === undefined ? {} : { exitCode: known }) };
}

const EXITS = [1, 2, 3, 4] as const;

/** A text as an answer takes it. */
export function short(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
