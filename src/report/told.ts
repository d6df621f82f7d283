// How do all forms of a report say the same things?
import { count, share } from "../core/stats/figures.ts";
import type { DecisionReport, Limits, MetricReport, Report } from "./model.ts";
import { lasting, odds } from "./quantity.ts";

/** `2026-03-04 14:02:11 UTC`: a report is read elsewhere. */
export function moment(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `1m 30s`, since the beginning. */
export function sinceStart({ startedMs }: Pick<Report, "startedMs">, atMs: number): string {
  return lasting(atMs - startedMs);
}

/** What was brought in place of what, by whom and why: a sentence without a full stop. */
export function brought({ candidate, replaces, strategy, startedBy, startReason }: Report): string {
  const what = `${candidate ?? "a revision whose name is not kept"}${replaces ? ` in place of ${replaces}` : ""}`;
  const how = strategy ? ` (${strategy})` : "";
  return `${what}${how}${startedBy ? `, by ${startedBy}` : ""}${startReason ? `: ${startReason}` : ""}`;
}

/** What users met: a sentence without a full stop. */
export function harmed({ harm: { canaryRequests, failed }, metrics }: Report): string {
  if (canaryRequests === 0) return "no request to the canary was counted";
  const requests = `${count(canaryRequests)} requests went to the canary`;
  if (!failed) return `${requests}; ${metrics.length === 0 ? "nothing was compared" : "failures were not counted"}`;
  const { of, expected } = failed;
  const among = of === canaryRequests ? "" : ` of the ${count(of)} that count`;
  const usual =
    expected === undefined
      ? ""
      : `; at stable's share ${expected === 0 ? "none" : `about ${count(expected)}`} would have`;
  return `${requests}; ${failed.count === 0 ? "none" : count(failed.count)}${among} failed${usual}`;
}

/** What a metric did to the rollout, in a word or two. */
export function roleOf(metric: MetricReport, { verdict }: Pick<Report, "verdict">): string {
  const by = metric.by === "bound" ? ", by its bound" : "";
  if (metric.did === "hold") return `holds${by}`;
  if (metric.did === "rollBack") return `${verdict?.kind === "worse" ? "decided" : "worse"}${by}`;
  if (metric.noWorse) return metric.mustShow ? "no worse" : "nothing against it";
  return "undecided";
}

/** The way back and what came of it, as far as time goes. */
export function took(report: Report): string {
  const { decidedMs, untilMs, isOver } = report;
  if (!isOver) return `${sinceStart(report, untilMs)} so far`;
  if (decidedMs === undefined || decidedMs === untilMs) return sinceStart(report, untilMs);
  return `${sinceStart(report, decidedMs)} to the decision, ${sinceStart(report, untilMs)} to the end`;
}

/** How the limits are to be read, and whose they are. */
export function limitsSaid({ worse, noWorse, isKnown }: Limits): string {
  const text = `the rollout goes back when the evidence of all metrics together reaches ${odds(worse)}, and each metric counts as no worse from ${odds(noWorse)} on`;
  return isKnown ? text : `where a rollout file says nothing else, ${text}`;
}

/** Highest share that the canary had before the decision. */
export function mostShare({ shares, decidedMs }: Report): string {
  const before = shares.filter(({ atMs }) => decidedMs === undefined || atMs < decidedMs);
  return share(Math.max(0, ...before.map((point) => point.share)));
}

/** Decisions that fit, first and last ones; how many were left out between them. */
export interface ShortList {
  readonly first: readonly DecisionReport[];
  readonly leftOut: number;
  readonly last: readonly DecisionReport[];
}

/** A third of the room is for the beginning: the end matters more. */
export function shortList(decisions: readonly DecisionReport[], most: number): ShortList {
  if (decisions.length <= most) return { first: decisions, leftOut: 0, last: [] };
  const first = Math.floor(most / 3);
  return {
    first: decisions.slice(0, first),
    leftOut: decisions.length - most,
    last: decisions.slice(decisions.length - most + first),
  };
}
