// What does a look say about values that the service counts in buckets of its own?
import { type Grown, sameBounds } from "../signals.ts";
import { type Arms, carry, cellsOf, type Counter, countsOf, tallyOf } from "./arms.ts";
import { badOf, type Carried, carriedOf, compare, goodOf, judge, startContrast, startGo } from "./contrast.ts";
import { LATENCY_TAU, phiOf, startDispersion } from "./dispersion.ts";
import * as figures from "./figures.ts";
import type { BucketsMetric, Look, LookRow, MetricVerdict, SignalRow } from "./plan.ts";
import { asRow, toldBy, youngArms } from "./signal-arms.ts";
import { type Limits, missingOf, needOf, shared } from "./shared-report.ts";
import { type BucketContrast, type BucketsState, startTops } from "./state.ts";
import { logMix } from "./two-by-two.ts";

/** So many values of the baseline are seen before bounds are chosen, so many of them beyond a bound that is. */
const FEWEST = 200;
const FEWEST_BEYOND = 5;

/** A bound is of use when between these shares of the baseline's values are beyond it. */
const RAREST = 2e-4;
const COMMONEST = 0.9;

/** Most bounds compared: more would each get too little of the evidence. */
const MOST_BOUNDS = 12;

export function startBuckets(): BucketsState {
  return {
    kind: "buckets",
    bounds: [],
    canary: [],
    baseline: [],
    contrasts: [],
    canaryReplicas: {},
    baselineReplicas: {},
    go: startGo(1),
    bound: null,
    ...startTops(),
  };
}

type Histogram = Extract<Grown, { readonly kind: "histogram" }>;
type Rows = ReadonlyMap<LookRow, Histogram>;

function rowsOf(metric: BucketsMetric, rows: readonly SignalRow[]): Rows {
  const found = rows.flatMap((row) => {
    const value = row.values[metric.histogram];
    if (value?.kind !== "histogram") return [];
    return [[asRow(row, [total(value.counts), 0]), value] as const];
  });
  return new Map(found);
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

function add(known: readonly number[], rows: readonly LookRow[], told: Rows): readonly number[] {
  const sum = [...known];
  for (const row of rows) told.get(row)?.counts.forEach((count, index) => (sum[index] = (sum[index] ?? 0) + count));
  return sum;
}

/** How many are beyond the end of bucket `index`. */
function beyond(counts: readonly number[], index: number): number {
  let sum = 0;
  for (let i = index + 1; i < counts.length; i++) sum += counts[i] ?? 0;
  return sum;
}

/** Chosen from what the baseline has shown before this look, once for the whole rollout. */
function chosen({ contrasts, baseline, bounds }: BucketsState): readonly BucketContrast[] {
  const all = total(baseline);
  if (contrasts.length > 0 || all < FEWEST) return contrasts;
  const found = bounds.flatMap((bound, index): BucketContrast[] => {
    const slower = beyond(baseline, index);
    const share = slower / all;
    if (slower < FEWEST_BEYOND || share < RAREST || share > COMMONEST) return [];
    const contrast = startContrast({ prior: [all, slower], dispersion: startDispersion(), tau: LATENCY_TAU });
    return [{ bound, contrast }];
  });
  return found.slice(-MOST_BOUNDS);
}

/** The bound that stands for the quantile: nearest to it in the logarithm of the share beyond. */
function namedBound(metric: BucketsMetric, contrasts: readonly BucketContrast[]): BucketContrast | undefined {
  const away = ({ contrast: { prior } }: BucketContrast): number =>
    Math.abs(Math.log(prior[1] / prior[0] / (1 - metric.quantile)));
  return contrasts.toSorted((a, b) => away(a) - away(b))[0];
}

interface Seen {
  readonly arms: Arms;
  readonly told: Rows;
  readonly durationMs: number;
  readonly carried: Carried;
}

const counterAt =
  ({ told }: Seen, index: number): Counter =>
  (row) => {
    const counts = told.get(row)?.counts ?? [];
    return [row.requests, beyond(counts, index)];
  };

function compareAt(metric: BucketsMetric, state: BucketsState, seen: Seen) {
  return (at: BucketContrast): BucketContrast => {
    const counter = counterAt(seen, state.bounds.indexOf(at.bound));
    const counts = countsOf(tallyOf(seen.arms.canary, counter), tallyOf(seen.arms.baseline, counter));
    const cells = cellsOf(seen.arms.fleet, counter);
    return {
      ...at,
      contrast: compare(at.contrast, { counts, durationMs: seen.durationMs, margin: metric.harm, cells }),
    };
  };
}

export function lookAtBuckets(metric: BucketsMetric, state: BucketsState, look: Look): BucketsState {
  const source = toldBy(look, [metric.histogram]);
  if (source === undefined || state.refused !== undefined) return state;
  const told = rowsOf(metric, source.rows);
  const bounds = state.bounds.length > 0 ? state.bounds : ([...told.values()][0]?.bounds ?? []);
  const other = [...told].find(([, histogram]) => !sameBounds(histogram.bounds, bounds));
  if (other) {
    const refused = `${metric.histogram} of ${other[0].replica} has other buckets than the others: nothing can be compared`;
    return { ...state, bounds, refused };
  }
  const arms = youngArms([...told.keys()], metric.warmupMs);
  const carriers = {
    canaryReplicas: carry(state.canaryReplicas, arms.canary),
    baselineReplicas: carry(state.baselineReplicas, arms.baseline),
  };
  const known = { ...state, bounds };
  const seen: Seen = { arms, told, durationMs: source.durationMs, carried: carriedOf(carriers) };
  const before = chosen(known);
  const contrasts = before.map(compareAt(metric, known, seen));
  return {
    ...known,
    ...carriers,
    contrasts,
    canary: add(state.canary, arms.canary, told),
    baseline: add(state.baseline, arms.baseline, told),
    go: judged(metric, known, { seen, before, contrasts }),
  };
}

function judged(
  metric: BucketsMetric,
  state: BucketsState,
  at: { seen: Seen; before: readonly BucketContrast[]; contrasts: readonly BucketContrast[] },
): BucketsState["go"] {
  const named = namedBound(metric, at.before);
  const after = at.contrasts.find(({ bound }) => bound === named?.bound);
  if (!named || !after) return state.go;
  const counter = counterAt(at.seen, state.bounds.indexOf(named.bound));
  const counts = countsOf(tallyOf(at.seen.arms.canary, counter), tallyOf(at.seen.arms.baseline, counter));
  const setting = { before: named.contrast, after: after.contrast, carried: at.seen.carried };
  return judge(state.go, [{ counts, margin: metric.go }], setting);
}

/** Over the bounds, the mean of the evidence: valid however they depend on each other. */
export function badOfBuckets(state: BucketsState): number {
  const carried = carriedOf(state);
  const { contrasts } = state;
  if (contrasts.length === 0) return 0;
  const weight = -Math.log(contrasts.length);
  return logMix(
    contrasts.map(({ contrast }) => badOf(contrast, carried)),
    contrasts.map(() => weight),
  );
}

/** The bound within which a share `q` of the values are; `Infinity` beyond the last. */
function quantileOf(counts: readonly number[], bounds: readonly number[], q: number): number | undefined {
  const all = total(counts);
  if (all === 0) return undefined;
  const index = bounds.findIndex((_, at) => beyond(counts, at) <= (1 - q) * all);
  return index < 0 ? Infinity : bounds[index];
}

const level = (value: number, unit: string): string =>
  Number.isFinite(value) ? figures.amount(value, unit) : "more than its last bucket";

function textOf(metric: BucketsMetric, state: BucketsState): string {
  if (state.refused) return state.refused;
  const canary = quantileOf(state.canary, state.bounds, metric.quantile);
  const baseline = quantileOf(state.baseline, state.bounds, metric.quantile);
  if (canary === undefined) return `nothing was counted in ${metric.histogram} on the canary yet`;
  const what = `${figures.percentile(metric.quantile)} at most ${level(canary, metric.unit)}`;
  if (baseline === undefined) return `${what}; nothing on stable to compare with`;
  const named = namedBound(metric, state.contrasts);
  const counts = named?.contrast.counts;
  const shares =
    named && counts && counts.canaryN > 0 && counts.baselineN > 0
      ? `; ${figures.share(counts.canaryX / counts.canaryN)} of the canary's beyond ${level(named.bound, metric.unit)}, ${figures.share(counts.baselineX / counts.baselineN)} of stable's`
      : "";
  return `${what} against ${level(baseline, metric.unit)} on stable${shares}`;
}

const finite = (value: number | undefined): number | undefined => (value === Infinity ? undefined : value);

export function reportBuckets(metric: BucketsMetric, state: BucketsState, limits: Limits): MetricVerdict {
  const named = namedBound(metric, state.contrasts);
  const logGo = named ? goodOf(state.go, named.contrast, carriedOf(state)) : 0;
  const at = { ...limits, logGo, goTop: state.go.top };
  const common = shared(metric, state, at);
  const canaryRequests = total(state.canary);
  const needsRequests =
    named && !common.noWorse ? needOf(named.contrast, state.go, { ...at, margins: [metric.go] }) : undefined;
  const said = { noWorse: common.noWorse && state.refused === undefined, canaryRequests, needsRequests };
  return {
    ...common,
    ...said,
    mustShow: metric.effect === "rollBack",
    unit: metric.unit,
    canary: finite(quantileOf(state.canary, state.bounds, metric.quantile)),
    baseline: finite(quantileOf(state.baseline, state.bounds, metric.quantile)),
    baselineRequests: total(state.baseline),
    missing: state.refused ?? missingOf(said, "values"),
    phi: named ? phiOf(named.contrast.dispersion) : 1,
    text: textOf(metric, state),
  };
}
