// How does Kayenta's judge guard a rollout, run by run?
import { type Histogram, mergeHistograms, quantileUs } from "../../histogram.ts";
import { duration, ms, type Ms } from "../../units.ts";
import * as figures from "../figures.ts";
import type { Look, LookRow, MeanOf, MetricVerdict, Verdict } from "../plan.ts";
import { gaugeLook, numberOf, toldBy } from "../signal-arms.ts";
import { judge } from "./judge.ts";
import { type JudgeRequest, readRequest } from "./request.ts";
import type { CanaryAnalysisResult, CanaryJudgeResult, Label } from "./result.ts";
import { lacksIn } from "./strict.ts";
import { type Run, verdictOfRuns, windowsOf } from "./windows.ts";

/** Where the points of a metric come from. */
export type PointOf =
  | { readonly from: "failed" }
  | { readonly from: "clientErrors" }
  | { readonly from: "succeeded" }
  | { readonly from: "quantile"; readonly quantile: number }
  /** Events in the interval of a point. */
  | { readonly from: "events"; readonly counter: string }
  | MeanOf;

/** A canary stage as part of a rollout. */
export interface KayentaPlan {
  /** The canary configuration, as its file has it. */
  readonly config: unknown;
  /** In the order of the configuration's metrics. */
  readonly points: readonly { readonly name: string; readonly of: PointOf }[];
  readonly lifetimeMs: Ms;
  readonly intervalMs: Ms;
  readonly lookbackMs: Ms;
  readonly warmupMs: Ms;
  /** Between two points. */
  readonly stepMs: Ms;
  readonly pass: number;
  readonly marginal: number;
  /** Whether a pass that rests on a lack of data is none. */
  readonly strict: boolean;
}

interface Arm {
  readonly requests: number;
  readonly failed: number;
  readonly clientErrors: number;
  readonly latency: Histogram;
}

/** Per metric that is not made of requests: the sum of its values and what it is divided by. */
type Sums = readonly (readonly [sum: number, weight: number])[];

interface Side {
  readonly arm: Arm;
  readonly sums: Sums;
  /** By metric; null where a point is missing. */
  readonly points: readonly (readonly (number | null)[])[];
}

/** Plain JSON; its size is bounded by lifetime and step. */
export interface StageState {
  readonly elapsedMs: number;
  /** Part of the point under way. */
  readonly openMs: number;
  readonly canary: Side;
  readonly baseline: Side;
  readonly scores: readonly number[];
  readonly last?: { readonly result: CanaryJudgeResult; readonly lacks: readonly string[] } | undefined;
}

const NO_ARM: Arm = { requests: 0, failed: 0, clientErrors: 0, latency: {} };
const noSums = (plan: KayentaPlan): Sums => plan.points.map(() => [0, 0] as const);
const side = (plan: KayentaPlan): Side => ({ arm: NO_ARM, sums: noSums(plan), points: plan.points.map(() => []) });

export function startStage(plan: KayentaPlan): StageState {
  return { elapsedMs: 0, openMs: 0, canary: side(plan), baseline: side(plan), scores: [] };
}

function addRows(arm: Arm, rows: readonly LookRow[]): Arm {
  const sum = (of: (row: LookRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    requests: arm.requests + sum((row) => row.requests),
    failed: arm.failed + sum((row) => row.failed),
    clientErrors: arm.clientErrors + sum((row) => row.clientErrors),
    latency: mergeHistograms([arm.latency, ...rows.map(({ latency }) => latency)]),
  };
}

const REQUESTS: ReadonlySet<PointOf["from"]> = new Set(["failed", "clientErrors", "succeeded", "quantile"]);

/** What a look adds to a metric that is not made of requests: a sum and its weight, for each arm. */
function added(
  of: PointOf,
  seen: Look,
): { canary: readonly [number, number]; baseline: readonly [number, number] } | undefined {
  if (of.from === "events") {
    const told = toldBy(seen, [of.counter]);
    if (!told) return undefined;
    const events = (isCanary: boolean): readonly [number, number] => {
      const rows = told.rows.filter(({ arm }) => (arm === "canary") === isCanary);
      return [rows.reduce((sum, { values }) => sum + (numberOf(values[of.counter]) ?? 0), 0), rows.length > 0 ? 1 : 0];
    };
    return { canary: events(true), baseline: events(false) };
  }
  if (of.from === "failed" || of.from === "clientErrors" || of.from === "succeeded" || of.from === "quantile")
    return undefined;
  const look = gaugeLook(of, seen, 0);
  if (!look) return undefined;
  const mean = (values: readonly { readonly value: number }[]): readonly [number, number] => {
    if (values.length === 0) return [0, 0];
    const value = values.reduce((sum, one) => sum + one.value, 0) / values.length;
    return [value * look.durationMs, look.durationMs];
  };
  return { canary: mean(look.canary), baseline: mean(look.baseline) };
}

/** The point of a metric for one step; null when there was nothing. */
function pointOf(of: PointOf, arm: Arm, [sum, weight]: readonly [number, number]): number | null {
  if (!REQUESTS.has(of.from)) return weight > 0 ? (of.from === "events" ? sum : sum / weight) : null;
  if (of.from === "quantile") {
    const us = quantileUs(arm.latency, of.quantile);
    return us === undefined || !Number.isFinite(us) ? null : us / 1_000;
  }
  if (arm.requests === 0) return null;
  const failed = of.from === "clientErrors" ? arm.clientErrors : arm.failed;
  return of.from === "succeeded" ? 1 - failed / arm.requests : failed / arm.requests;
}

function closed(plan: KayentaPlan, { arm, sums, points }: Side): Side {
  const next = plan.points.map(({ of }, index) => [...(points[index] ?? []), pointOf(of, arm, sums[index] ?? [0, 0])]);
  return { arm: NO_ARM, sums: noSums(plan), points: next };
}

function addLook(plan: KayentaPlan, state: StageState, seen: Look): StageState {
  const canary = addRows(
    state.canary.arm,
    seen.rows.filter(({ arm }) => arm === "canary"),
  );
  const young = seen.rows.filter(({ arm }) => arm === "baseline");
  const rows = young.length > 0 ? young : seen.rows.filter(({ arm }) => arm === "stable");
  const baseline = addRows(state.baseline.arm, rows);
  const more = plan.points.map(({ of }) => added(of, seen));
  const plus = (sums: Sums, arm: "canary" | "baseline"): Sums =>
    sums.map(([sum, weight], index) => {
      const [value, by] = more[index]?.[arm] ?? [0, 0];
      return [sum + value, weight + by] as const;
    });
  return {
    ...state,
    elapsedMs: state.elapsedMs + seen.durationMs,
    openMs: state.openMs + seen.durationMs,
    canary: { ...state.canary, arm: canary, sums: plus(state.canary.sums, "canary") },
    baseline: { ...state.baseline, arm: baseline, sums: plus(state.baseline.sums, "baseline") },
  };
}

/** So many points can be missing in a row: a longer gap is longer than any stage. */
const MOST_MISSING = 5_000;

export const runsOf = (plan: KayentaPlan): readonly Run[] => windowsOf(plan);

/** Closes the point under way when its time is over. A look that lasts several steps is one point; the others are missing. */
function pointed(plan: KayentaPlan, state: StageState): StageState {
  const due = Math.min(MOST_MISSING, Math.floor(state.openMs / plan.stepMs));
  let { canary, baseline } = state;
  for (let point = 0; point < due; point++) [canary, baseline] = [closed(plan, canary), closed(plan, baseline)];
  return { ...state, openMs: state.openMs - due * plan.stepMs, canary, baseline };
}

/** Adds a look; judges when a run is due. */
export function lookAtStage(plan: KayentaPlan, state: StageState, seen: Look): StageState {
  if (seen.durationMs <= 0) return state;
  const next = pointed(plan, addLook(plan, state, seen));
  const run = runsOf(plan)[next.scores.length];
  return run && next.elapsedMs >= run.atMs && !ended(plan, next) ? judged(plan, next, run) : next;
}

function judged(plan: KayentaPlan, state: StageState, run: Run): StageState {
  const request = requestOf(plan, state, run);
  const result = judge(request);
  // Few points are a reason for a warning there; who sets a short lifetime has chosen them.
  const lacks = lacksIn(request, result).flatMap(({ kind, text }) => (kind === "few-points" ? [] : [text]));
  return { ...state, scores: [...state.scores, result.score.score], last: { result, lacks } };
}

function requestOf(plan: KayentaPlan, state: StageState, run: Run): JudgeRequest {
  const [from, to] = [Math.floor(run.startMs / plan.stepMs), Math.ceil(run.endMs / plan.stepMs)];
  const values = ({ points }: Side, index: number): number[] =>
    (points[index] ?? []).slice(from, to).map((point) => point ?? NaN);
  const read = readRequest({
    canaryConfig: plan.config,
    metricSetPairList: plan.points.map(({ name }, index) => ({
      name,
      values: { experiment: values(state.canary, index), control: values(state.baseline, index) },
    })),
    scoreThresholds: { pass: plan.pass, marginal: plan.marginal },
  });
  if (!read.ok) throw new TypeError(`a canary configuration that was read once: ${read.issues[0]?.message}`);
  return read.request;
}

function ended(plan: KayentaPlan, { scores }: StageState): ReturnType<typeof verdictOfRuns> | undefined {
  if (scores.length === 0) return undefined;
  const thresholds = { pass: plan.pass, marginal: plan.marginal };
  const verdict = verdictOfRuns(scores, thresholds);
  const isLast = scores.length >= runsOf(plan).length;
  // A run that is not the last one decides only when it is at or below the marginal score.
  const failed = !verdictOfRuns(scores, { marginal: plan.marginal }).passed;
  return isLast || failed ? verdict : undefined;
}

const LABELS: Readonly<Record<Label, string>> = { Pass: "pass", Marginal: "marginal", Fail: "fail" };

function metricOf(result: CanaryAnalysisResult, isWorse: boolean): MetricVerdict {
  const { classification, classificationReason, experimentMetadata, controlMetadata, resultMetadata } = result;
  const [canary, baseline] = [experimentMetadata.stats, controlMetadata.stats];
  const ratio =
    resultMetadata && Number.isFinite(resultMetadata.ratio) ? `, ratio ${resultMetadata.ratio.toPrecision(3)}` : "";
  const isFine = classification === "Pass";
  return {
    name: result.name,
    kind: "kayenta",
    unit: "",
    effect: "rollBack",
    canary: canary.count > 0 ? canary.mean : undefined,
    baseline: baseline.count > 0 ? baseline.mean : undefined,
    canaryRequests: canary.count,
    baselineRequests: baseline.count,
    logBad: 0,
    logGo: 0,
    blamed: isWorse && !isFine,
    by: undefined,
    noWorse: isFine,
    mustShow: true,
    needsRequests: undefined,
    missing: isFine ? undefined : `is ${classification}${classificationReason ? ` (${classificationReason})` : ""}`,
    phi: 1,
    text: `${classification}: mean ${figures.amount(canary.mean, "")} of ${canary.count} points against ${figures.amount(baseline.mean, "")} of ${baseline.count}${ratio}`,
  };
}

/** What the runs so far say. Kayenta states no error rate, so nothing is said of how sure it is. */
export function stageVerdict(
  plan: KayentaPlan,
  state: StageState,
  counted: Pick<Verdict, "canaryRequests" | "baselineRequests">,
): Verdict {
  const end = ended(plan, state);
  const { last } = state;
  const runs = runsOf(plan).length;
  const kind = end === undefined ? "undecided" : end.passed ? "no-worse" : "worse";
  const lacks = plan.strict && kind === "no-worse" ? (last?.lacks ?? []) : [];
  const score =
    last &&
    `run ${state.scores.length} of ${runs} scored ${last.result.score.score} (${LABELS[last.result.score.classification]})`;
  const next = runsOf(plan)[state.scores.length];
  const left = next && `the next run is due in ${duration(ms(Math.max(0, next.atMs - state.elapsedMs)))}`;
  const said = end
    ? `${end.reason} (run ${state.scores.length} of ${runs})`
    : [score ?? "no run yet", ...(left ? [left] : [])].join("; ");
  const { canaryRequests, baselineRequests } = counted;
  return {
    canaryRequests,
    baselineRequests,
    kind: lacks.length > 0 ? "undecided" : kind,
    sure: 0,
    metrics: (last?.result.results ?? []).map((result) => metricOf(result, kind === "worse")),
    suspended: lacks.length > 0 ? `Kayenta's judge passes for lack of data: ${lacks.join("; ")}` : undefined,
    text: `Kayenta's judge: ${said}.`,
  };
}
