// What is there to tell of the rollout that a page shows?
import type { ServiceView } from "../../api/contract.ts";
import type { DecisionRecord } from "../../core/engine/state.ts";
import { reportOf } from "../../report/report.ts";
import type { Report } from "../../report/model.ts";

/** The same as `serin explain` tells, of a rollout under way as of one that is over; nothing when none ever began. */
export function liveReport(view: ServiceView, records: readonly DecisionRecord[] | undefined): Report | undefined {
  const { rollout } = view;
  if (!rollout) return undefined;
  const known = (records ?? view.recent).filter((record) => record.rollout === rollout.number);
  return known.length === 0 ? undefined : reportOf(known, view);
}
