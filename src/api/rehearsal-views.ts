// How is what came of rehearsals answered, scenario by scenario?
import { distributionOf, fatesOf } from "../rehearse/distribution.ts";
import { memberFatesOf, turningsOf } from "../rehearse/group-distribution.ts";
import type { GroupPlay } from "../rehearse/group-suite.ts";
import type { Done } from "../rehearse/workers.ts";
import type { RehearsalView, GroupRehearsalView } from "./contract.ts";

/** One scenario as it was asked for; lines of the caller's own have no name, and nobody says whose fault they are. */
export type Chosen = Pick<GroupPlay, "about" | "lines" | "member"> & Partial<Pick<GroupPlay, "name" | "fault">>;

export function scenarioView(
  { name, about, lines, fault }: Chosen,
  done: readonly Done[],
): RehearsalView["scenarios"][number] {
  const all = done.flatMap((one) => (one.kind === "runs" ? one.runs : []));
  const once = done.find((one) => one.kind === "one")?.rehearsed;
  const told = { name, about, lines, fault, runs: all.length, once, failed: whyFailed(done) };
  return all.length === 0
    ? { ...told, endings: [] }
    : { ...told, endings: distributionOf(all).endings, fates: fatesOf(all) };
}

/** The same of a group, with what had become of each member. */
export function groupScenarioView(
  { name, about, lines, fault, member }: Chosen,
  done: readonly Done[],
): GroupRehearsalView["scenarios"][number] {
  const all = done.flatMap((one) => (one.kind === "group-runs" ? one.runs : []));
  const once = done.find((one) => one.kind === "group-one")?.rehearsed;
  const told = { name, about, lines, fault, member, runs: all.length, once, failed: whyFailed(done) };
  if (all.length === 0) return { ...told, endings: [], members: [] };
  const { endings } = distributionOf(all);
  return { ...told, endings, fates: fatesOf(all), turnings: turningsOf(all), members: memberFatesOf(all) };
}

const whyFailed = (done: readonly Done[]): string | undefined => done.find((one) => one.kind === "failed")?.why;
