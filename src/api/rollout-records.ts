// Which decisions are those of one rollout?
import type { DecisionRecord } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import type { Link, ServiceView } from "./contract.ts";

/** A rollout of a service; without a number its last one. */
export interface RolloutName {
  readonly service: string;
  /** In digits, as it was asked for. */
  readonly number?: string | undefined;
}

/** The decisions of a rollout, oldest first and at least one, and the service as it is now. */
export interface RolloutRecords {
  readonly view: ServiceView;
  readonly records: readonly DecisionRecord[];
}

/** Decisions asked for at once. */
const PAGE = 1_000;

/** Reads a rollout by whichever link: what a report of it is made of. Throws SERIN_UNKNOWN_ROLLOUT. */
export async function readRollout(
  link: Pick<Link, "get" | "records">,
  { service, number }: RolloutName,
): Promise<RolloutRecords> {
  const view = await link.get(service);
  const wanted = number ?? String(view.rollout?.number ?? 0);
  const records: DecisionRecord[] = [];
  let page: readonly DecisionRecord[] = [];
  do {
    page = await link.records(service, page.at(-1)?.version ?? 0, PAGE);
    records.push(...page.filter(({ rollout }) => String(rollout) === wanted));
  } while (page.length >= PAGE);
  if (records.length === 0) throw unknownRollout(service, number, view.rollout?.number);
  return { view, records };
}

function unknownRollout(service: string, number: string | undefined, last: number | undefined): SerinError {
  return new SerinError({
    code: "SERIN_UNKNOWN_ROLLOUT",
    what: `there is no rollout ${service}/${number ?? ""}`,
    found: last === undefined ? `${service} has had no rollout` : `the last one is ${service}/${last}`,
    exitCode: 2,
  });
}
