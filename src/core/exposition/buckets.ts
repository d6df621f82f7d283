// How many values of a classic histogram fell into each bucket?
import type { Reading } from "../signals.ts";
import type { Sample } from "./line.ts";
import { readNumber } from "./number.ts";

/** A histogram, or why there is none: a phrase that follows the replica's name. */
export type Buckets =
  | { readonly ok: true; readonly reading: Extract<Reading, { kind: "histogram" }> }
  | { readonly ok: false; readonly why: string };

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/u;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/u;
const quoted = (text: string): string => JSON.stringify(text);

/** The series as it is written, for people. */
export function seriesText({ name, labels }: Pick<Sample, "name" | "labels">): string {
  const inside = [...labels].map(([label, value]) => `${LABEL.test(label) ? label : quoted(label)}=${quoted(value)}`);
  if (!METRIC.test(name)) return `{${[quoted(name), ...inside].join(",")}}`;
  return labels.size === 0 ? name : `${name}{${inside.join(",")}}`;
}

/** What makes a series the same one: its labels in any order, without those that are empty or left out. */
export function seriesKey(labels: ReadonlyMap<string, string>, without?: string): string {
  const kept = [...labels].filter(([label, value]) => value !== "" && label !== without);
  return JSON.stringify(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface Bucket {
  readonly end: number;
  /** Values up to `end`. */
  readonly upTo: number;
  readonly sample: Sample;
}

/**
 * Adds up the `_bucket` samples of one or more label sets. The buckets of all sets must end at the same values, each
 * set has one without an end, and counts may not fall from a bucket to the next.
 */
export function addBuckets(samples: readonly Sample[]): Buckets {
  const sets = new Map<string, Bucket[]>();
  for (const sample of samples) {
    const end = readNumber(sample.labels.get("le") ?? "");
    if (end === undefined || Number.isNaN(end)) return no(sample, 'without the end of its bucket, le="…"');
    if (!Number.isFinite(sample.value) || sample.value < 0) return no(sample, `with a count of ${sample.value}`);
    const key = seriesKey(sample.labels, "le");
    const set = sets.get(key) ?? [];
    set.push({ end, upTo: sample.value, sample });
    sets.set(key, set);
  }
  let sum: { readonly bounds: readonly number[]; readonly counts: readonly number[]; readonly of: Sample } | undefined;
  for (const set of sets.values()) {
    const one = counted(set.toSorted((a, b) => a.end - b.end));
    if ("why" in one) return { ok: false, why: one.why };
    const added: typeof sum = sum ? plus(sum, one) : one;
    if (!added) return no(one.of, `with other buckets than ${seriesText(sum?.of ?? one.of)}; choose one by its labels`);
    sum = added;
  }
  if (!sum) return { ok: false, why: "has no such buckets" };
  return { ok: true, reading: { kind: "histogram", bounds: sum.bounds, counts: sum.counts } };
}

function no(sample: Sample, what: string): Buckets {
  return { ok: false, why: `gives ${seriesText(sample)} ${what} (line ${sample.line})` };
}

interface Counted {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  /** One of its samples, to name it by. */
  readonly of: Sample;
}

function counted(set: readonly Bucket[]): Counted | { readonly why: string } {
  const counts: number[] = [];
  let before: Bucket | undefined;
  for (const bucket of set) {
    const { sample, end, upTo } = bucket;
    const lines = `(lines ${before?.sample.line} and ${sample.line})`;
    if (before?.end === end) return { why: `gives ${seriesText(sample)} twice ${lines}` };
    if (before && upTo < before.upTo)
      return { why: `gives ${seriesText(sample)} less than the bucket before ${lines}` };
    counts.push(upTo - (before?.upTo ?? 0));
    before = bucket;
  }
  if (!before || before.end !== Infinity) {
    return {
      why: `gives ${before ? seriesText(before.sample) : "a histogram"} as its last bucket; le="+Inf" is missing`,
    };
  }
  return { bounds: set.slice(0, -1).map(({ end }) => end), counts, of: before.sample };
}

function plus(a: Counted, b: Counted): Counted | undefined {
  const same = a.bounds.length === b.bounds.length && a.bounds.every((bound, index) => bound === b.bounds[index]);
  return same ? { ...a, counts: a.counts.map((count, index) => count + (b.counts[index] ?? 0)) } : undefined;
}
