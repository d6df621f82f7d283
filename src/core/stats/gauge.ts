// Does the canary's gauge (CPU, memory, queue length, an average) stand beyond the baseline's by more than is allowed?
import { type ArmCells, type ArmMean, blockMean, type GaugeLook, gather } from "./gauge-block.ts";
import { type BaselineReplicas, offsetOf, seeBaseline, seeCanary, type Weights } from "./gauge-replicas.ts";
import { NO_NOISE, type Noise, type Pair, ratioOf, seeNoise } from "./gauge-ratio.ts";
import {
  evidenceOfRun,
  evidenceOfRuns,
  extend,
  extendRuns,
  FEWEST,
  intervalOfRun,
  lengthFor,
  type Run,
  type Runs,
  startRun,
  startRuns,
} from "./runs.ts";

export type { GaugeLook, ReplicaValue } from "./gauge-block.ts";

/** What is allowed. Margins are factors: 0.1 lets the canary be 10 % beyond the baseline, or below baseline / 1.1. */
export interface GaugeRule {
  readonly worse: "up" | "down";
  /** `worse` is shown when the canary is beyond this. */
  readonly harm: number;
  /** `no-worse` is shown when the canary is within this. */
  readonly go: number;
  /** Fixed bound on the canary's mean, in the gauge's unit; a lower bound for `down`. */
  readonly max?: number | undefined;
}

/** Plain JSON of bounded size. */
export interface GaugeState {
  /** The block under way. */
  readonly openMs: number;
  readonly canaryOpen: ArmCells;
  readonly baselineOpen: ArmCells;
  /** The first blocks, until there are enough to know the noise; then they are taken in all at once. */
  readonly waiting: readonly Pair[];
  readonly noise: Noise;
  /** Logarithms of the ratio canary / baseline, block by block: of the rollout, and of the judgement. */
  readonly harm: Runs;
  readonly go: Run;
  readonly canaryReplicas: Weights;
  readonly baselineReplicas: BaselineReplicas;
  /** Sums of the arms' block means. */
  readonly canary: number;
  readonly baseline: number;
  readonly blocks: number;
  readonly beyondAlone: number;
  readonly beyondBoth: number;
}

/** Readings within a minute say nearly the same. */
const BLOCK_MS = 60_000;

export const startGauge = (): GaugeState => ({
  openMs: 0,
  canaryOpen: {},
  baselineOpen: {},
  waiting: [],
  noise: NO_NOISE,
  harm: startRuns(),
  go: startRun(),
  canaryReplicas: {},
  baselineReplicas: {},
  canary: 0,
  baseline: 0,
  blocks: 0,
  beyondAlone: 0,
  beyondBoth: 0,
});

/** A new judgement begins: what was shown for `no-worse` so far does not count for it. */
export const beginGaugeJudgement = (state: GaugeState): GaugeState => ({ ...state, go: startRun() });

function isBeyond(rule: GaugeRule, value: number): boolean {
  if (rule.max === undefined) return false;
  return rule.worse === "up" ? value > rule.max : value < rule.max;
}

/** Takes in blocks: the first ones wait until the noise, which tells how ratios with zeros are made, is known. */
function take(state: GaugeState, pair: Pair): GaugeState {
  const waiting = state.harm.whole.n === 0 ? [...state.waiting, pair] : [pair];
  if (state.harm.whole.n === 0 && waiting.length < FEWEST) return { ...state, waiting };
  const ratios = waiting.map((waited) => ratioOf(waited, state.noise));
  return { ...state, waiting: [], harm: ratios.reduce(extendRuns, state.harm), go: ratios.reduce(extend, state.go) };
}

function count(rule: GaugeRule, state: GaugeState, [canary, baseline]: readonly [ArmMean, ArmMean]): GaugeState {
  const alone = isBeyond(rule, canary.mean);
  const both = alone && isBeyond(rule, baseline.mean);
  const pair: Pair = [canary.mean, baseline.mean];
  const next: GaugeState = {
    ...state,
    noise: seeNoise(state.noise, pair),
    canaryReplicas: seeCanary(state.canaryReplicas, canary),
    baselineReplicas: seeBaseline(state.baselineReplicas, baseline),
    canary: state.canary + canary.mean,
    baseline: state.baseline + baseline.mean,
    blocks: state.blocks + 1,
    beyondAlone: alone && !both ? state.beyondAlone + 1 : 0,
    beyondBoth: both ? state.beyondBoth + 1 : 0,
  };
  return take(next, pair);
}

/**
 * Adds what was read over an interval. The look that fills a block of a minute closes it, so a gap is one long block. A
 * block counts when replicas of both arms were read during at least half of it; others are passed over. A look that
 * took no time changes nothing. Throws a RangeError for what is not a number, or is below 0: a ratio has no meaning there.
 */
export function lookAtGauge(rule: GaugeRule, state: GaugeState, look: GaugeLook): GaugeState {
  const canaryOpen = gather(state.canaryOpen, look, "canary");
  const baselineOpen = gather(state.baselineOpen, look, "baseline");
  if (look.durationMs <= 0) return state;
  const openMs = state.openMs + look.durationMs;
  if (openMs < BLOCK_MS - 1e-6) return { ...state, openMs, canaryOpen, baselineOpen };
  const closed: GaugeState = { ...state, openMs: 0, canaryOpen: {}, baselineOpen: {} };
  const canary = blockMean(canaryOpen, openMs);
  const baseline = blockMean(baselineOpen, openMs);
  return canary && baseline ? count(rule, closed, [canary, baseline]) : closed;
}

/** What a gauge says so far. */
export interface GaugeReport {
  /** Natural logarithms of the evidence now: that the canary is worse, and in this judgement that it is no worse. */
  readonly logBad: number;
  readonly logGo: number;
  /** Means over the blocks so far or, before the first one, over what was read, in the gauge's unit. */
  readonly canary: number | undefined;
  readonly baseline: number | undefined;
  /** 95 % interval, valid at every look, of canary / baseline − 1, with how much replicas differ. */
  readonly interval: readonly [low: number, high: number] | undefined;
  readonly blocks: number;
  /** Blocks still missing, about, until `no-worse` is shown with an error of 5 %; `undefined` if it is not heading there. */
  readonly blocksNeeded: number | undefined;
  /** The margins that were tested: replicas of one revision differ too, so harm is larger and go smaller than asked for. */
  readonly margin: number;
  readonly goMargin: number;
  /** Consecutive blocks up to now in which the canary alone, or both arms, were beyond `max`. */
  readonly beyondAlone: number;
  readonly beyondBoth: number;
}

/** How many standard deviations of the offset between replicas are no harm; and what they may hide when no harm is shown. */
const HARM_OFFSETS = 2;
const GO_OFFSETS = 1.645;

/** What remains of the margin for `no-worse` at least: with few replicas hardly more than "not beyond". */
const LEAST_GO = 0.01;

const MISS = 0.05;

function intervalOf(run: Run, offset: number): GaugeReport["interval"] {
  const within = intervalOfRun(run, MISS);
  if (within === undefined) return undefined;
  const mean = run.sum / run.n;
  const half = Math.hypot(within[1] - mean, 2 * offset);
  return [Math.expm1(mean - half), Math.expm1(mean + half)];
}

function meanOf(state: GaugeState, arm: "canary" | "baseline"): number | undefined {
  if (state.blocks > 0) return state[arm] / state.blocks;
  return blockMean(state[`${arm}Open`], 0)?.mean;
}

/** How many more blocks until `no-worse`; before anything is known, as many as are needed to know something. */
function neededOf(state: GaugeState, goMargin: number, sign: 1 | -1): number | undefined {
  if (state.go.n === 0) return FEWEST - state.waiting.length;
  const margin = sign * Math.log1p(goMargin);
  const length = lengthFor(state.go, { margin, sign: sign === 1 ? -1 : 1 }, Math.log(1 / MISS));
  return length === undefined ? undefined : length - state.go.n;
}

export function gaugeReport(rule: GaugeRule, state: GaugeState): GaugeReport {
  const sign = rule.worse === "up" ? 1 : -1;
  const offset = offsetOf(state.canaryReplicas, state.baselineReplicas);
  const margin = Math.max(rule.harm, HARM_OFFSETS * offset);
  const goMargin = Math.max(LEAST_GO, rule.go - GO_OFFSETS * offset);
  return {
    logBad: evidenceOfRuns(state.harm, { margin: sign * Math.log1p(margin), sign }),
    logGo: evidenceOfRun(state.go, { margin: sign * Math.log1p(goMargin), sign: sign === 1 ? -1 : 1 }),
    canary: meanOf(state, "canary"),
    baseline: meanOf(state, "baseline"),
    interval: intervalOf(state.harm.whole, offset),
    blocks: state.blocks,
    blocksNeeded: neededOf(state, goMargin, sign),
    margin,
    goMargin,
    beyondAlone: state.beyondAlone,
    beyondBoth: state.beyondBoth,
  };
}
