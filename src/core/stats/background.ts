// How does the stable fleet behave when nothing changes?
import { countOf, type Histogram, mergeHistograms } from "../histogram.ts";
import { type AnomalyState, point, startAnomaly } from "./anomaly.ts";
import { cellsOf, countErrors, ordered, tallyOf } from "./arms.ts";
import { type Dispersion, disperse, ERRORS_TAU, fade, spreadOf, startDispersion, type Tally } from "./dispersion.ts";
import type { ErrorMetric, Look, LookRow, MeanOf } from "./plan.ts";
import { seriesKey, seriesPoint } from "./signal-arms.ts";
import { bucketAt, QUANTILES } from "./quantiles.ts";
import { cellsBeyond, tailsOf } from "./tails.ts";

/** One count of the stable fleet. */
interface Known {
  readonly tally: Tally;
  readonly dispersion: Dispersion;
}

/** What the stable fleet showed before a rollout. Plain JSON of bounded size. */
export interface Background {
  readonly version: 1;
  readonly failed: Known;
  readonly clientErrors: Known;
  readonly latency: Histogram;
  /** Requests slower than the quantiles' buckets. */
  readonly slower: readonly { readonly quantile: number; readonly bucket: number; readonly dispersion: Dispersion }[];
  readonly sinceFadeMs: number;
  /** What is usual for series of the whole service, by `seriesKey`; only those that a metric in force looks at. */
  readonly series?: Readonly<Record<string, AnomalyState>> | undefined;
}

/** What is older than two hours counts less than a third (1/e). */
const MEMORY_MS = 7_200_000;
const FADE_MS = 60_000;

/** Replicas younger than this tell nothing of the fleet. */
const SETTLED_MS = 30_000;

/** A quantile is followed once so many requests were slower. */
const FEWEST_BEYOND = 10;

const nothing = (): Known => ({ tally: [0, 0], dispersion: startDispersion() });

/** Nothing is known yet. */
export function startBackground(): Background {
  return { version: 1, failed: nothing(), clientErrors: nothing(), latency: {}, slower: [], sinceFadeMs: 0 };
}

function count(known: Known, counts: ErrorMetric["counts"], seen: Look): Known {
  const counter = countErrors(counts);
  const [requests, failed] = tallyOf(seen.rows, counter);
  return {
    tally: [known.tally[0] + requests, known.tally[1] + failed],
    dispersion: disperse(known.dispersion, seen.durationMs, cellsOf(seen.rows, counter)),
  };
}

/** Follows each quantile's bucket; when the fleet's latency moves, the count begins again at the new bucket. */
function followed(background: Background): Background["slower"] {
  const requests = countOf(background.latency);
  return QUANTILES.flatMap(([quantile]) => {
    const bucket = bucketAt(background.latency, quantile);
    if (bucket === undefined || requests * (1 - quantile) < FEWEST_BEYOND) return [];
    const known = background.slower.find((slower) => slower.quantile === quantile);
    return [known?.bucket === bucket ? known : { quantile, bucket, dispersion: startDispersion() }];
  });
}

function faded(background: Background): Background {
  if (background.sinceFadeMs < FADE_MS) return background;
  const factor = Math.exp(-background.sinceFadeMs / MEMORY_MS);
  const dim = (known: Known): Known => ({
    tally: [known.tally[0] * factor, known.tally[1] * factor],
    dispersion: fade(known.dispersion, factor),
  });
  const latency: Record<number, number> = {};
  for (const key in background.latency) {
    const left = (background.latency[key] ?? 0) * factor;
    if (left > 0.01) latency[key] = left;
  }
  return {
    ...background,
    failed: dim(background.failed),
    clientErrors: dim(background.clientErrors),
    latency,
    slower: background.slower.map((slower) => ({ ...slower, dispersion: fade(slower.dispersion, factor) })),
    sinceFadeMs: 0,
  };
}

/** Follows the series that metrics look at by themselves, whatever else is known. */
export function learnSeries(background: Background, seen: Look, series: readonly MeanOf[]): Background {
  if (series.length === 0 && background.series === undefined) return background;
  const next = series.map((of): readonly [string, AnomalyState] => {
    const known = background.series?.[seriesKey(of)] ?? startAnomaly();
    const found = seriesPoint(of, seen);
    return [seriesKey(of), found ? point(known, found.value, found.durationMs) : known];
  });
  return { ...background, series: Object.fromEntries(next) };
}

const settled = (row: LookRow): boolean => row.arm !== "canary" && row.ageMs >= SETTLED_MS;

/** Adds a look at the stable fleet, taken while no rollout runs. */
export function learn(background: Background, seen: Look): Background {
  const rows = ordered(seen).rows.filter(settled);
  if (rows.length === 0) return background;
  const fleet = { durationMs: seen.durationMs, rows };
  const told = { rows, tails: tailsOf(rows) };
  const slower = background.slower.map((known) => ({
    ...known,
    dispersion: disperse(known.dispersion, seen.durationMs, cellsBeyond(told, known.bucket)),
  }));
  const next: Background = {
    ...background,
    version: 1,
    failed: count(background.failed, "failed", fleet),
    clientErrors: count(background.clientErrors, "clientErrors", fleet),
    latency: mergeHistograms([background.latency, ...rows.map((row) => row.latency)]),
    slower,
    sinceFadeMs: background.sinceFadeMs + seen.durationMs,
  };
  const whole = background.sinceFadeMs + seen.durationMs >= FADE_MS || slower.length < QUANTILES.length;
  return faded(whole ? { ...next, slower: followed(next) } : next);
}

/** What the stable fleet usually does, in figures. */
export interface Usual {
  /** Requests that this rests on; older ones count less. */
  readonly requests: number;
  /** Share of requests that fail, 0…1. */
  readonly errors: number;
  readonly latency: Histogram;
  /** How many times as variable as independent ones failures are. */
  readonly phi: number;
  /** How much replicas differ: standard deviation of the log odds of failing. */
  readonly tau: number;
}

export function usualOf({ failed, latency }: Background): Usual {
  const [requests, failures] = failed.tally;
  const { phi, tauSquared } = spreadOf(failed.dispersion, ERRORS_TAU);
  return { requests, errors: requests > 0 ? failures / requests : 0, latency, phi, tau: Math.sqrt(tauSquared) };
}
