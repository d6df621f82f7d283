// What comes of a command that stands in a note?
import { refusalOf, short, type Noted } from "../adapters/kubernetes/command.ts";
import type { CommandAnswer } from "../adapters/kubernetes/client/objects.ts";
import { underWay } from "../core/engine/state.ts";
import type { Trouble } from "../core/issues.ts";
import type { Controller } from "../runtime/controller.ts";
import type { Entry } from "./entry.ts";

interface Asking {
  readonly controller: Controller;
  readonly service: string;
  readonly entry: Entry;
}

/** Has a command carried out, once, and answers what came of it. Rejects when that cannot be told: it is asked again. */
export async function answerTo(noted: Noted, { controller, service, entry }: Asking): Promise<CommandAnswer> {
  const nothing = "nothing was changed";
  if (!noted.ok) return refusalOf(noted.id, { code: "SERIN_BAD_CALL", what: noted.message, now: nothing, exitCode: 2 });
  const { command } = noted;
  const { id } = command;
  if (!controller.has(service)) {
    const what = "nothing is looked after yet: see the condition Accepted";
    return refusalOf(id, { code: "SERIN_UNKNOWN_SERVICE", what, now: nothing, exitCode: 2 });
  }
  const before = controller.get(service).state;
  if (command.kind === "promote" && before.spec.spec.approvals !== undefined) return refusalOf(id, UNPROVEN);
  // One whose answer was lost may be carried out already.
  if (entry.obeying?.command.id !== id) entry.obeying = { command, version: before.version };
  const done = entry.answersBy(before).find((answer) => answer.id === id);
  if (done) return done;
  const { text, refused } = await controller.send(service, command);
  if (refused) return refusalOf(id, refused);
  const { state } = controller.get(service);
  return { id, text: short(text), version: state.version, rollout: underWay(state)?.number };
}

/** Whoever may write a note may write any name into it; where several must agree that is not enough. */
const UNPROVEN: Trouble = {
  code: "SERIN_REFUSED",
  what: "more than one person must approve it, and a note does not show who they are",
  now: "nothing was changed",
  next: "approve it in the dashboard, or by the API: docs/access.md",
  exitCode: 2,
};
