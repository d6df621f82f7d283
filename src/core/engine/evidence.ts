// What does the evidence say?
import { isExposed, shareOf, type Role } from "../split.ts";
import type { Look, Verdict } from "../stats/plan.ts";
import { leave, startTrail, type TrailMetric, type TrailPoint } from "../stats/trail.ts";
import { type AnalysisState, learn, learnSeries, look, startBackground, verdictOf } from "../stats/verdict.ts";
import { lookFor, lookSince, unsound, type WideLook } from "./look.ts";
import { count, startCourse } from "./measured.ts";
import { judgeRivals } from "./rivals.ts";
import { poolOf } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Takes in what was counted since the last look, whether or not a rollout is under way. */
export function takeEvidence(turn: Turn): void {
  const why = unreadableWhy(turn);
  if (why !== undefined) return blind(turn, why);
  if (turn.state.rollout?.blind) {
    turn.setRollout({ blind: undefined });
    turn.record("note", "evidence can be read again");
  }
  const seen = lookSince(turn);
  if (seen === undefined) return;
  const users = ofUsers(turn, seen);
  turn.set({ perSecond: rateAfter(turn.state.perSecond, users) });
  measure(turn, users);
  const own = lookFor(seen, "canary");
  if (guarded(turn)) judge(turn, ofCopies(turn, own));
  else learnFrom(turn, own);
  if (turn.state.rollout?.phase === "forward") judgeRivals(turn, seen);
}

/** Whether a role works on copies only. */
function isCopied({ state: { split } }: Turn, role: "canary" | "baseline"): boolean {
  return shareOf(split.weights, role) === 0 && (split.mirror?.to.includes(role) ?? false);
}

/** What users asked for, without the copies. */
function ofUsers(turn: Turn, seen: WideLook): WideLook {
  if (!turn.state.split.mirror) return seen;
  const isOfUsers = (arm: Role): boolean => (arm !== "canary" && arm !== "baseline") || !isCopied(turn, arm);
  return { ...seen, rows: seen.rows.filter(({ arm }) => isOfUsers(arm)) };
}

/** Copies are compared with copies of the same requests where there are any: stable gets all of the others, too. */
function ofCopies(turn: Turn, seen: Look): Look {
  if (!isCopied(turn, "canary") || !isCopied(turn, "baseline")) return seen;
  return { ...seen, rows: seen.rows.filter(({ arm }) => arm !== "stable") };
}

/** Keeps who got which requests. Once the candidate is stable, nobody is left who got others. */
function measure(turn: Turn, { rows }: WideLook): void {
  const { rollout, stable } = turn.state;
  if (!rollout || rollout.phase === "ended" || stable?.revision === rollout.candidate || rows.length === 0) return;
  const more: Partial<Record<Role, number>> = {};
  for (const { arm, requests } of rows) more[arm] = (more[arm] ?? 0) + requests;
  turn.setRollout({ measured: count(rollout.measured ?? startCourse(rollout.startedMs), turn.nowMs, more) });
}

/** What stable shows while nothing is compared is what is usual. */
function learnFrom(turn: Turn, seen: Look): void {
  const { analysis } = turn.state.spec.spec;
  const series = (analysis?.metrics ?? []).flatMap((metric) => (metric.kind === "anomaly" ? [metric.of] : []));
  const known = learn(turn.state.background ?? startBackground(), seen);
  turn.set({ background: learnSeries(known, seen, series) });
}

/** Why there is no evidence to go by: the counters or a source that a metric rests on cannot be read, or tell nonsense. */
function unreadableWhy({ input: { counters, signals } }: Turn): string | undefined {
  if (counters.kind === "absent") return "nothing is counted";
  if (counters.kind === "unreadable") return counters.why;
  const nonsense = unsound(counters.value);
  if (nonsense !== undefined) return nonsense;
  for (const [source, read] of Object.entries(signals ?? {})) {
    if (read.kind !== "value") return `${source}: ${read.kind === "absent" ? "nothing is told" : read.why}`;
  }
  return undefined;
}

/** A rate is believed within a second when it rises, and within minutes when it falls: a lull is soon over. */
const RISE_MS = 1_000;
const FALL_MS = 600_000;

/** An average that forgets: what is older than that counts less than a third (1/e). */
function rateAfter(known: number | undefined, { durationMs, rows }: WideLook): number | undefined {
  if (durationMs <= 0) return known;
  const now = (1_000 * rows.reduce((sum, { requests }) => sum + requests, 0)) / durationMs;
  if (known === undefined) return now;
  const weight = 1 - Math.exp((-1 * durationMs) / (now > known ? RISE_MS : FALL_MS));
  return known + weight * (now - known);
}

/** Whether the candidate gets requests under an analysis. */
function guarded(turn: Turn): boolean {
  const { rollout } = turn.state;
  if (rollout?.phase !== "forward" || rollout.analysis === undefined || !poolOf(turn.state, "canary")) return false;
  // What a tester has sent to the second address says nothing of users' requests.
  return rollout.verdict !== undefined || isExposed(turn.state.split, "canary");
}

function judge(turn: Turn, seen: Look): void {
  const { analysis, program, verdict, requestsAtShare } = turn.rollout;
  if (!analysis || !program.analysis) return;
  const canary = seen.rows.filter(({ arm }) => arm === "canary").reduce((sum, row) => sum + row.requests, 0);
  // Without a request to the canary there is nothing to compare; the first one opens the comparison.
  if (canary === 0 && !verdict && !isExposed(turn.state.split, "canary")) return;
  const next = look(program.analysis, analysis, seen);
  const now = verdictOf(program.analysis, next);
  const turns = verdict?.kind !== now.kind;
  const trail = leave(turn.rollout.trail ?? startTrail(), () => pointOf(turn, next, now), turns);
  turn.setRollout({
    analysis: next,
    verdict: now,
    trail,
    requestsAtShare: requestsAtShare + atShare(turn, seen, canary),
  });
  // What is worse goes back in this very decision, which says why.
  const decides = now.kind === "worse" && !now.suspended;
  const isNews = turns || (verdict?.suspended === undefined) !== (now.suspended === undefined);
  if (verdict && !decides && isNews) {
    turn.record("verdict", now.suspended ? `verdict held back: ${now.suspended}` : now.text, { verdict: now });
  }
}

/** Of the canary's requests in an interval that began before its share was raised nobody knows which were at that share. */
function atShare({ rollout, input }: Turn, { durationMs }: Look, requests: number): number {
  if (input.counters.kind !== "value" || rollout.raisedMs === undefined) return requests;
  return input.counters.value.at - durationMs >= rollout.raisedMs ? requests : 0;
}

/** Four digits are enough for a picture, and keep the state small. */
const brief = (value: number): number => Number(value.toPrecision(4));

function pointOf({ state, nowMs }: Turn, analysis: AnalysisState, verdict: Verdict): TrailPoint {
  const metrics = verdict.metrics.map((metric, index): [string, TrailMetric] => {
    const { canary, baseline, interval, logGo } = metric;
    const point = {
      ...(canary === undefined ? {} : { canary: brief(canary) }),
      ...(baseline === undefined ? {} : { baseline: brief(baseline) }),
      ...(interval === undefined ? {} : { interval: [brief(interval[0]), brief(interval[1])] as const }),
      logBad: brief(analysis.metrics[index]?.now ?? 0),
      logGo: brief(logGo),
    };
    return [metric.name, point];
  });
  return {
    atMs: nowMs,
    share: shareOf(state.split.weights, "canary"),
    canaryRequests: verdict.canaryRequests,
    kind: verdict.kind,
    metrics: Object.fromEntries(metrics),
  };
}

function blind(turn: Turn, why: string): void {
  if (!turn.state.rollout || turn.state.rollout.phase !== "forward" || !turn.rollout.program.analysis) return;
  if (turn.rollout.blind === undefined)
    turn.record("note", `no evidence can be read: ${why}; goes no further until it can`);
  turn.setRollout({ blind: why });
}
