// What do the samples of one replica say, and how much of it is new?
import type { Reading, SignalWanted } from "../../core/signals.ts";
import type { Labels, TimedSeries } from "./answer.ts";
import { NATIVE_BOUNDS, nativeCounts } from "./native.ts";
import { counted, rhythmOf, type Counted, type Total } from "./totals.ts";

/** What became of a name: a value, or why there is none; and when its samples were taken. */
export interface Told {
  readonly reading?: Reading | undefined;
  /** A phrase that follows the replica's name. */
  readonly why?: string | undefined;
  /** No series was ever there. */
  readonly isUnknown?: boolean | undefined;
  readonly newestMs?: number | undefined;
  /** The usual time between two samples. */
  readonly rhythmMs?: number | undefined;
}

/** One name that was read, in the life of one replica. */
interface Line {
  readonly series: Map<string, Kept>;
}

interface Kept {
  readonly labels: Labels;
  readonly isNative: boolean;
  readonly total: Total;
}

/** Labels that Prometheus and its copies put on: a series that differs in them alone is the same one, twice. */
const COLLECTORS = ["job", "prometheus", "prometheus_replica"];
/** Those that its operator gives to a target besides. In other hands they are the service's own. */
const OPERATORS = ["container", "endpoint", "namespace", "node", "pod", "service"];

/** The counters of one replica, or of one pool, from when it was first seen. */
export class Ledger {
  readonly #fromMs: number;
  /** It began to live while it was looked at: all that it counts is new. */
  readonly #isYoung: boolean;
  /** It is known by its address: whatever else a target is called, it is this one. */
  readonly #isAddress: boolean;
  readonly #lines = new Map<string, Line>();
  /** Names that were asked for while it was there: what comes up under them has just begun. */
  readonly #asked = new Set<string>();

  constructor(life: { readonly fromMs: number; readonly isYoung: boolean; readonly isAddress?: boolean | undefined }) {
    this.#fromMs = life.fromMs;
    this.#isYoung = life.isYoung;
    this.#isAddress = life.isAddress ?? false;
  }

  /** It was there, and these names were asked for. */
  sawAll(names: readonly string[]): void {
    for (const name of names) this.#asked.add(name);
  }

  read({ name, kind }: SignalWanted, found: readonly TimedSeries[]): Told {
    const series = found
      .map((one) => this.#ownOf(one))
      .filter(({ numbers, natives }) => numbers.length + natives.length > 0);
    const twice = twiceAmong(series, this.#isAddress);
    if (twice !== undefined) return { why: twice };
    const moments = series.map(momentsOf);
    const newestMs = Math.max(...moments.map((one) => one.at(-1) ?? 0));
    const rhythms = moments.flatMap((one) => rhythmOf(one) ?? []);
    const rhythmMs = rhythms.length > 0 ? Math.min(...rhythms) : undefined;
    const when = series.length === 0 ? {} : { newestMs, rhythmMs };
    if (kind === "gauge") return { ...when, ...levelOf(series, { newestMs, rhythmMs }) };
    return { ...when, ...this.#count(name, kind, series) };
  }

  /** Without what was sampled before it was there, by whoever had its address then. */
  #ownOf({ labels, numbers, natives }: TimedSeries): TimedSeries {
    const isOwn = ([atMs]: readonly [number, unknown]): boolean => atMs >= this.#fromMs;
    return { labels, numbers: numbers.filter(isOwn), natives: natives.filter(isOwn) };
  }

  #count(name: string, kind: "counter" | "histogram", series: readonly TimedSeries[]): Told {
    const line = this.#lines.get(name) ?? { series: new Map<string, Kept>() };
    const isNew = this.#isYoung || this.#asked.has(name);
    for (const one of series) {
      const samples = kind === "histogram" && one.natives.length > 0 ? nativeSamples(one) : numberSamples(one);
      const wrong = samples.flatMap(([, raw]) => raw).find((value) => !Number.isFinite(value) || value < 0);
      if (wrong !== undefined) return { why: `gives ${shown(one.labels)} ${wrong}, and a counter is a number from 0` };
      const key = keyOf(one.labels);
      const total = counted(line.series.get(key)?.total, samples, isNew);
      if (total) line.series.set(key, { labels: one.labels, isNative: one.natives.length > 0, total });
    }
    if (line.series.size === 0) return { isUnknown: true, why: "has no such series" };
    this.#lines.set(name, line);
    const kept = [...line.series.values()];
    if (kind === "histogram") return histogramOf(kept);
    return { reading: { kind: "counter", value: kept.reduce((sum, { total }) => sum + (total.total[0] ?? 0), 0) } };
  }
}

/** The same text whatever the order of the labels. */
const textOf = (labels: readonly (readonly [string, string])[]): string =>
  JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))));

const keyOf = (labels: Labels): string => textOf(Object.entries(labels));

export function shown(labels: Labels): string {
  const { __name__: name = "", ...rest } = labels;
  return `${name}{${Object.entries(rest)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(",")}}`;
}

function momentsOf({ numbers, natives }: TimedSeries): readonly number[] {
  return natives.length > 0 ? natives.map(([at]) => at) : numbers.map(([at]) => at);
}

function twiceAmong(series: readonly TimedSeries[], isAddress: boolean): string | undefined {
  const ignored = isAddress ? [...COLLECTORS, "instance", ...OPERATORS] : COLLECTORS;
  const own = (labels: Labels): string => textOf(Object.entries(labels).filter(([label]) => !ignored.includes(label)));
  const alike = Map.groupBy(
    series.map(({ labels }) => labels),
    own,
  );
  for (const [first = {}, ...others] of alike.values()) {
    const twin = isAddress ? others.find((other) => isAnotherTarget(first, other)) : others[0];
    if (twin) return `is told twice, as ${shown(first)} and as ${shown(twin)}: choose one by its labels`;
  }
  return undefined;
}

/** Whether two series that are alike come from two targets, and not from one that has these labels itself. */
function isAnotherTarget(one: Labels, other: Labels): boolean {
  const isNamed = ({ namespace, endpoint }: Labels): boolean => namespace !== undefined && endpoint !== undefined;
  const isOther = [...COLLECTORS, "instance"].some((label) => one[label] !== other[label]);
  return isOther || (isNamed(one) && isNamed(other));
}

const numberSamples = ({ numbers }: TimedSeries): readonly Counted[] => numbers.map(([at, value]) => [at, [value]]);
const nativeSamples = ({ natives }: TimedSeries): readonly Counted[] =>
  natives.map(([at, histogram]) => [at, nativeCounts(histogram)]);

/** The sum of the series that are still told. */
function levelOf(
  series: readonly TimedSeries[],
  { newestMs, rhythmMs = Infinity }: { readonly newestMs: number; readonly rhythmMs?: number | undefined },
): Told {
  if (series.length === 0) return { isUnknown: true, why: "has no such series" };
  let value = 0;
  for (const { labels, numbers } of series) {
    const newest = numbers.at(-1);
    if (!newest) return { why: `gives ${shown(labels)} as a histogram, not as a gauge` };
    if (newest[0] < newestMs - 1.5 * rhythmMs) continue;
    if (!Number.isFinite(newest[1])) return { why: `gives ${shown(labels)} ${newest[1]}` };
    value += newest[1];
  }
  return { reading: { kind: "gauge", value } };
}

function histogramOf(kept: readonly Kept[]): Told {
  const natives = kept.filter(({ isNative }) => isNative);
  if (natives.length > 0) {
    const counts = [...NATIVE_BOUNDS, Infinity].map((_, index) =>
      natives.reduce((sum, { total }) => sum + (total.total[index] ?? 0), 0),
    );
    return { reading: { kind: "histogram", bounds: NATIVE_BOUNDS, counts } };
  }
  const groups = Map.groupBy(kept, ({ labels }) => keyOf({ ...labels, le: "" }));
  const bounds = [...new Set(kept.map(({ labels }) => boundOf(labels)))].toSorted((a, b) => a - b);
  if (bounds.some(Number.isNaN)) return { why: "has a bucket without its bound (le)" };
  if (bounds.at(-1) !== Infinity) return { why: "has no bucket le=+Inf, so nobody knows how many values there were" };
  if ([...groups.values()].some((group) => group.length !== bounds.length))
    return { why: "has series with different buckets, which cannot be added" };
  const below = bounds.map((bound) =>
    kept.reduce((sum, { labels, total }) => sum + (boundOf(labels) === bound ? (total.total[0] ?? 0) : 0), 0),
  );
  const counts = below.map((count, index) => Math.max(0, count - (index > 0 ? (below[index - 1] ?? 0) : 0)));
  return { reading: { kind: "histogram", bounds: bounds.slice(0, -1), counts } };
}

function boundOf({ le }: Labels): number {
  if (le === "+Inf") return Infinity;
  return le === undefined || le === "" ? Number.NaN : Number(le);
}
