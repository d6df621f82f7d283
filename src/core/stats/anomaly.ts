// Does one series, with nothing to compare it with, behave otherwise than it did before?
import { whitened, type Whitened } from "./anomaly-window.ts";
import { finite } from "./finite.ts";

type Direction = "up" | "down";

/** Shiryaev–Roberts sums of one direction, one for each of `SHARES`, and for how many blocks their mean was `NOTABLE`. */
interface Sums {
  readonly values: readonly number[];
  readonly since: number;
}

/** Plain JSON of bounded size. */
export interface AnomalyState {
  readonly openMs: number;
  /** Value times milliseconds of the block under way. */
  readonly open: number;
  /** Block means, oldest first, at most `WINDOW`. */
  readonly points: readonly number[];
  readonly blocks: number;
  readonly up: Sums;
  readonly down: Sums;
}

const BLOCK_MS = 60_000;

/** Four hours are what is usual. */
const WINDOW = 240;

/** With less than an hour nothing is usual yet. */
const LEAST = 60;

/** Surprises that are looked for: points among the most extreme 2 %, 5 %, 20 %. */
const SHARES = [0.02, 0.05, 0.2] as const;

/** The sums are not followed further: then a series that is as it was before is soon no longer called strange. */
const MOST = 1e6;

/** From this mean on a deviation may have begun. */
const NOTABLE = 10;

const startSums = (): Sums => ({ values: SHARES.map(() => 0), since: 0 });

export const startAnomaly = (): AnomalyState => ({
  openMs: 0,
  open: 0,
  points: [],
  blocks: 0,
  up: startSums(),
  down: startSums(),
});

/** A fixed number in (0, 1) for each index, as good as drawn: the finaliser of MurmurHash3 (Appleby, public domain). */
function drawn(index: number): number {
  let hash = Math.imul(index + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}

/**
 * The share of earlier residuals that are at least as extreme as the newest: below q with probability at most q as long
 * as the series goes on as before (conformal p-value: Vovk, Gammerman, Shafer 2005). Ties count against an alarm: a
 * series that stands still is not strange.
 */
function surprise({ residuals, newest }: Whitened, direction: Direction, chance: number): number {
  const extreme = residuals.filter((residual) => (direction === "up" ? residual >= newest : residual <= newest)).length;
  return (extreme + chance) / (residuals.length + 1);
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** One step of e-detectors: the mean factor is at most 1, so a mean of `arl` takes at least `arl` blocks on average. */
function advance(sums: Sums, p: number): Sums {
  const values = sums.values.map((value, index) => {
    const q = SHARES[index] ?? 1;
    return Math.min(MOST, (1 + value) * (p <= q ? 0.5 + 0.5 / q : 0.5));
  });
  return { values, since: meanOf(values) >= NOTABLE ? sums.since + 1 : 0 };
}

function close(state: AnomalyState): AnomalyState {
  const value = state.open / state.openMs;
  const next = {
    ...state,
    openMs: 0,
    open: 0,
    points: [...state.points, value].slice(-WINDOW),
    blocks: state.blocks + 1,
  };
  if (state.points.length < LEAST) return next;
  const white = whitened(state.points, value);
  const chance = drawn(state.blocks);
  return {
    ...next,
    up: advance(state.up, surprise(white, "up", chance)),
    down: advance(state.down, surprise(white, "down", chance)),
  };
}

/**
 * Adds what the series was over an interval; the look that fills a minute closes a block. An interval that took no time
 * changes nothing. Throws a RangeError for what is not a number.
 */
export function point(state: AnomalyState, value: number, durationMs: number): AnomalyState {
  finite(value, "point: value");
  if (finite(durationMs, "point: duration") <= 0) return state;
  const next = { ...state, openMs: state.openMs + durationMs, open: state.open + value * durationMs };
  return next.openMs < BLOCK_MS - 1e-6 ? next : close(next);
}

export interface AnomalyRule {
  /** Average run length: blocks (minutes) from one false alarm to the next, at least, while nothing changes; to 1 000 000. */
  readonly arl: number;
  readonly worse: Direction | "either";
}

/**
 * What the series shows. It is a detector, not a test: it states how often it is wrong, not how sure it is. Where
 * neighbouring minutes are nearly the same (a correlation of 0.9 and more) it is slow, and wrong more often than stated.
 */
export interface AnomalyReport {
  /** Shiryaev–Roberts statistic: alarm from `arl` on. */
  readonly score: number;
  readonly alarm: boolean;
  /** For how many blocks it has been notable: about since when the series deviates. 0 if it is not. */
  readonly sinceBlocks: number;
  readonly blocks: number;
  /** Blocks still needed before there can be an alarm. */
  readonly learning: number;
  readonly text: string;
}

function scoreOf(rule: AnomalyRule, state: AnomalyState): Pick<AnomalyReport, "score" | "sinceBlocks"> {
  const up = meanOf(state.up.values);
  const down = meanOf(state.down.values);
  if (rule.worse === "up") return { score: up, sinceBlocks: state.up.since };
  if (rule.worse === "down") return { score: down, sinceBlocks: state.down.since };
  return { score: (up + down) / 2, sinceBlocks: up >= down ? state.up.since : state.down.since };
}

function textOf(state: AnomalyState, report: Omit<AnomalyReport, "text">): string {
  if (report.learning > 0) return `learning what is usual: ${report.learning} more minutes`;
  if (!report.alarm) return "as before";
  const higher = meanOf(state.up.values) >= meanOf(state.down.values) ? "higher" : "lower";
  return `${higher} than in the hours before, for about ${report.sinceBlocks} min`;
}

/**
 * Throws a RangeError for an `arl` outside 1…1 000 000. The detector: Shin, Ramdas, Rinaldo, arXiv 2203.03532; the mean
 * of several is one.
 */
export function anomalyReport(rule: AnomalyRule, state: AnomalyState): AnomalyReport {
  if (!(rule.arl >= 1 && rule.arl <= MOST)) throw new RangeError(`anomalyReport: arl is ${rule.arl}`);
  const { score, sinceBlocks } = scoreOf(rule, state);
  const learning = Math.max(0, LEAST + 1 - state.blocks);
  const report = { score, alarm: learning === 0 && score >= rule.arl, sinceBlocks, blocks: state.blocks, learning };
  return { ...report, text: textOf(state, report) };
}
