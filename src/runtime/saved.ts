// How is a state that another version of Serin wrote read?
import { FORMAT, type ServiceState } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import type { Saved } from "../ports/journal.ts";
import { from1 } from "./saved-1.ts";
import { from2 } from "./saved-2.ts";

/** From the format in the key to the next one. Never changed once released, so that every old journal stays readable. */
const UPGRADES: Readonly<Record<number, (state: unknown) => unknown>> = { 1: from1, 2: from2 };

/** The state of a service as it was saved, brought up to date. Throws a SerinError for a format not yet known. */
export function readState(service: string, saved: Saved): ServiceState {
  if (saved.format > FORMAT) {
    throw new SerinError({
      code: "SERIN_JOURNAL_NEWER",
      what: `the journal of ${service} was written by a newer Serin`,
      found: `format ${saved.format}; this one knows formats up to ${FORMAT}`,
      now: "traffic stays at the last split",
      next: "use the newer Serin",
    });
  }
  let { state } = saved;
  for (let format = saved.format; format < FORMAT; format += 1) {
    const upgrade = UPGRADES[format];
    if (!upgrade) throw new Error(`no way from format ${format} to ${format + 1}`);
    state = upgrade(state);
  }
  return state as ServiceState;
}
