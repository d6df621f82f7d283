// Which decisions are those of one rollout?
import type { DecisionRecord } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import type { Link, ServiceView } from "./contract.ts";

/** A rollout of a service. */
interface RolloutName {
  readonly service: string;
  /** In digits, as it was asked for. */
  readonly number: string;
}

/** Decisions asked for at once. */
const PAGE = 1_000;

/**
 * The decisions of a rollout, by whichever link, oldest first and at least one: what a report of it is made of. The view is
 * that of its service. Throws SERIN_UNKNOWN_ROLLOUT.
 */
export async function readRollout(
  link: Pick<Link, "records">,
  { service, number }: RolloutName,
  view: Pick<ServiceView, "rollout">,
): Promise<readonly DecisionRecord[]> {
  const records: DecisionRecord[] = [];
  let page: readonly DecisionRecord[] = [];
  do {
    page = await link.records(service, page.at(-1)?.version ?? 0, PAGE);
    records.push(...page.filter(({ rollout }) => String(rollout) === number));
    // A decision is of the last rollout that was begun: none of an earlier one comes after those of a later one.
  } while (page.length >= PAGE && !((page.at(-1)?.rollout ?? 0) > Number(number)));
  if (records.length === 0) throw unknownRollout(service, number, view.rollout?.number);
  return records;
}

function unknownRollout(service: string, number: string, last: number | undefined): SerinError {
  return new SerinError({
    code: "SERIN_UNKNOWN_ROLLOUT",
    what: `there is no rollout ${service}/${number}`,
    found: last === undefined ? `${service} has had no rollout` : `the last one is ${service}/${last}`,
    exitCode: 2,
  });
}
