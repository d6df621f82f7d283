// Is the canary worse, no worse, or can't we tell yet?
import { alertReport } from "./alert.ts";
import { ordered } from "./arms.ts";
import { type Background } from "./background.ts";
import { methodOf } from "./methods.ts";
import type { AlertsSeen, AnalysisPlan, Look, MetricPlan } from "./plan.ts";
import { lookAtStage, startStage } from "./kayenta/stage.ts";
import { limitAfter, limitOf, startLimit } from "./limit.ts";
import { pooled } from "./pooled.ts";
import { checkSplit, startSplitCheck } from "./split-check.ts";
import type { AnalysisState, MetricState, Tops } from "./state.ts";
import { logMix } from "./two-by-two.ts";
import { ms, type Ms } from "../units.ts";

export { type Background, learn, learnSeries, startBackground, type Usual, usualOf } from "./background.ts";
export { verdictOf } from "./report.ts";
export type { AnalysisState } from "./state.ts";

/** The analysis before its first look; `background` is what the stable fleet showed before the rollout. */
export function startAnalysis(plan: AnalysisPlan, background?: Background): AnalysisState {
  return {
    version: 2,
    looks: 0,
    elapsedMs: ms(0),
    canaryRequests: 0,
    baselineRequests: 0,
    metrics: plan.metrics.map((metric) => methodOf(metric).start(metric, background)),
    top: 0,
    pending: null,
    split: plan.split ? startSplitCheck() : null,
    limit: plan.limit ? startLimit() : null,
    alerts: [],
    kayenta: plan.kayenta ? startStage(plan.kayenta) : null,
    troubles: [],
  };
}

/** The state of a metric. Throws a TypeError when it is not one of this plan. */
function known(metric: MetricPlan, state: MetricState | undefined): MetricState {
  if (state?.kind === metric.kind) return state;
  const found = state ? `one of kind ${state.kind}` : "nothing";
  throw new TypeError(`the state knows ${found} of ${metric.name} (${metric.kind})`);
}

/** Kinds that compare requests, which wait for each other. */
const OF_REQUESTS: ReadonlySet<MetricPlan["kind"]> = new Set(["errors", "latency"]);

/** Keeps the strongest evidence, and when the weakest before it was. */
function topped<S extends Tops>(state: S, now: { log: number; by: Tops["topBy"] }, atMs: Ms): S {
  const low = now.log < state.low ? { low: now.log, lowMs: atMs } : { low: state.low, lowMs: state.lowMs };
  if (now.log <= state.top) return { ...state, ...low, now: now.log };
  return { ...state, ...low, now: now.log, top: now.log, topBy: now.by, sinceMs: low.lowMs };
}

const requestsOf = (seen: Look, canary: boolean): number =>
  seen.rows.reduce((sum, row) => ((row.arm === "canary") === canary ? sum + row.requests : sum), 0);

function splitAfter(state: AnalysisState, seen: Look, [canary, others]: readonly [number, number]) {
  const share = seen.shares?.canary ?? 0;
  if (state.split === null || share <= 0) return state.split;
  // Nothing is shared out any more, so nothing can be off.
  if (share >= 1) return startSplitCheck();
  return checkSplit(state.split, { canary, others, share, durationMs: seen.durationMs });
}

/** Adds what happened between two looks. Pure: the same state and look give the same state again. */
export function look(plan: AnalysisPlan, state: AnalysisState, seen: Look): AnalysisState {
  const inOrder = ordered(seen);
  const elapsedMs = ms(state.elapsedMs + Math.max(0, seen.durationMs));
  const { ready, pending } = pooled(state.pending, inOrder);
  const logs: number[] = [];
  const metrics = plan.metrics.map((metric, index) => {
    const method = methodOf(metric);
    const before = known(metric, state.metrics[index]);
    const own = OF_REQUESTS.has(metric.kind) ? ready : inOrder;
    const next = own ? method.look(metric, before, own) : before;
    const now = method.bad(metric, next);
    logs.push(now.log);
    return topped(next, now, elapsedMs);
  });
  const omegas = plan.metrics.map((metric) => Math.log(metric.omega));
  const counted = [requestsOf(seen, true), requestsOf(seen, false)] as const;
  return {
    version: 2,
    looks: state.looks + 1,
    elapsedMs,
    canaryRequests: state.canaryRequests + counted[0],
    baselineRequests: state.baselineRequests + counted[1],
    metrics,
    top: Math.max(state.top, logMix(logs, omegas)),
    pending,
    split: splitAfter(state, seen, counted),
    limit: limitNext(plan, state, metrics),
    alerts: seen.alerts ? alertsNow(plan, seen.alerts) : state.alerts,
    kayenta: plan.kayenta && state.kayenta ? lookAtStage(plan.kayenta, state.kayenta, inOrder) : null,
    troubles: seen.signals ? seen.signals.flatMap(({ troubles }) => troubles).slice(0, MOST_TROUBLES) : state.troubles,
  };
}

/** The metric of failed requests, where the plan has one. */
const failures = (plan: AnalysisPlan): number =>
  plan.metrics.findIndex((metric) => metric.kind === "errors" && metric.counts === "failed");

function limitNext(plan: AnalysisPlan, state: AnalysisState, metrics: AnalysisState["metrics"]) {
  const [before, after] = [state.metrics[failures(plan)], metrics[failures(plan)]];
  if (state.limit === null || before?.kind !== "errors" || after?.kind !== "errors") return state.limit;
  return limitAfter(state.limit, before, after);
}

/**
 * How much more often than the baseline's the canary's requests may fail for all that is known: an upper 95 % limit of
 * the difference, 0…1, valid at every look; 1 at first.
 */
export function harmLimit(plan: AnalysisPlan, state: AnalysisState): number {
  const errors = state.metrics[failures(plan)];
  return state.limit === null || errors?.kind !== "errors" ? 1 : limitOf(state.limit, errors);
}

function alertsNow({ alerts = [] }: AnalysisPlan, seen: AlertsSeen): AnalysisState["alerts"] {
  return alerts.map((rule) => {
    const read = seen.bySource[rule.url] ?? { unreadable: "nothing was read" };
    const isRead = !("unreadable" in read);
    const { atMs, startedMs } = seen;
    const said = alertReport(rule, { atMs, startedMs, alerts: isRead ? read : undefined });
    return isRead ? said : { ...said, text: `${rule.url}: ${read.unreadable}` };
  });
}

/** What cannot be read is named, but not a thousand times. */
const MOST_TROUBLES = 10;

/** A new judgement begins: what was shown for `no-worse` so far does not count for it. */
export function beginJudgement(plan: AnalysisPlan, state: AnalysisState): AnalysisState {
  if (plan.metrics.length !== state.metrics.length) throw new TypeError("the state is not one of this plan");
  const metrics = plan.metrics.map((metric, index) =>
    methodOf(metric).rejudge(metric, known(metric, state.metrics[index])),
  );
  // Each judgement is a canary stage of its own.
  return { ...state, metrics, kayenta: plan.kayenta ? startStage(plan.kayenta) : null };
}
