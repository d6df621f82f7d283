// How is a command on a group refused?
import { Refusal } from "../engine/refusal.ts";
import type { Trouble } from "../issues.ts";
import type { GroupTurn } from "./turn.ts";

/** Why a command makes no sense right now. */
export function refused({ state }: GroupTurn, what: string, more: Partial<Trouble> = {}): Refusal {
  return new Refusal({
    code: "SERIN_REFUSED",
    what,
    now: "nothing was changed",
    next: `look again with: serin get ${state.group}`,
    exitCode: 1,
    ...more,
  });
}
