// Which of two variants converts better, at whatever moment one looks?
import { advance, clampShare, type Counts, evidenceOf, type Grid, type Logs, startLogs } from "../two-by-two.ts";
import { type Arm, type Arms, checkArms, exchanged, NO_ONE, together } from "./arms.ts";

/** Odds ratios looked for, with prior weights. The two smallest are rare: they let the interval go on shrinking. */
const EFFECTS: readonly (readonly [ratio: number, prior: number])[] = [
  [1.01, 0.05],
  [1.02, 0.05],
  [1.05, 0.18],
  [1.1, 0.18],
  [1.2, 0.18],
  [1.4, 0.18],
  [2, 0.18],
];

const logPrior = EFFECTS.map(([, prior]) => Math.log(prior));
const MORE: Grid = { ratios: EFFECTS.map(([ratio]) => ratio), logPrior };
const LESS: Grid = { ratios: EFFECTS.map(([ratio]) => 1 / ratio), logPrior };

/** What is believed of a rate before the first user: one conversion in ten, with the weight of ten users. */
const BELIEF: Arm = { users: 10, converted: 1 };

function believed(arm: Arm): number {
  return clampShare((arm.converted + BELIEF.converted) / (arm.users + BELIEF.users));
}

/** A one-sided test of `treatment − control ≤ delta`. */
interface Side {
  readonly delta: number;
  readonly logs: Logs;
}

function countsOf(canary: Arm, baseline: Arm): Counts {
  return {
    canaryN: canary.users,
    canaryX: canary.converted,
    baselineN: baseline.users,
    baselineX: baseline.converted,
  };
}

/** A batch more; `before` are the totals before it. The engine's margin is never negative, so the arms change places. */
function step(side: Side, batch: Arms, before: Arms): Side {
  const { delta } = side;
  const { control, treatment } = batch;
  const up = delta >= 0;
  const belief = {
    grid: up ? MORE : LESS,
    margin: { rho: 1, delta: Math.abs(delta) },
    baseline: believed(up ? before.control : before.treatment),
    phi: 1,
  };
  const counts = up ? countsOf(treatment, control) : countsOf(control, treatment);
  return { delta, logs: advance(side.logs, counts, belief) };
}

/** A batch that both variants have users in, together with the totals before it. */
interface Turn {
  readonly batch: Arms;
  readonly before: Arms;
}

/** The always-valid test so far. */
export interface Always {
  readonly up: Logs;
  readonly down: Logs;
  /** Totals of the batches that count, and users that wait until the other variant has some too. */
  readonly counted: Arms;
  readonly waiting: Arms;
  /** How many looks had users of both variants. */
  readonly looks: number;
  /** Evidence at the last look, a natural logarithm. */
  readonly now: number;
  /** The strongest evidence of all looks, a natural logarithm, at least 0, and which variant it speaks for. */
  readonly top: number;
  readonly towards: "treatment" | "control" | "neither";
}

export const startAlways = (): Always => ({
  up: startLogs(MORE),
  down: startLogs(MORE),
  counted: NO_ONE,
  waiting: NO_ONE,
  looks: 0,
  now: 0,
  top: 0,
  towards: "neither",
});

const both = (arms: Arms): boolean => arms.control.users > 0 && arms.treatment.users > 0;

/** Two-sided evidence of a difference: half of each side's. */
function mixed(up: number, down: number): number {
  const high = Math.max(up, down);
  return high + Math.log1p(Math.exp(-Math.abs(up - down))) - Math.LN2;
}

/**
 * The test after one more batch: the users that are new since the last look, each with his outcome.
 *
 * E = ½E_up + ½E_down, each a 2×2 e-process of equal rates (Turner, Ly, Grünwald, arXiv 2106.02693) with one factor a
 * batch; the second has the arms exchanged. It is valid at every look when outcomes are independent given the variant,
 * and neither the variant nor the moment of a look depends on outcomes that the batch itself brings. Rates may drift.
 *
 * It does not depend on the order of users within a batch, on empty batches, or on whether the users of the two variants
 * come in one batch or in two that follow each other. Other partitions give other evidence, each of them valid: a batch
 * is compared at its own realised shares and with rates known before it. Where the shares of the arms stay, batches twice
 * or ten times as large change the logarithm by tenths; where chance shares users out, by about a half, seldom by 3.
 *
 * @throws RangeError for counts that cannot be.
 */
export function addBatch(state: Always, batch: Arms): Always {
  checkArms(batch);
  const waiting = together(state.waiting, batch);
  if (!both(waiting)) return { ...state, waiting };
  const up = step({ delta: 0, logs: state.up }, waiting, state.counted).logs;
  const down = step({ delta: 0, logs: state.down }, exchanged(waiting), exchanged(state.counted)).logs;
  const [upward, downward] = [evidenceOf(up, MORE), evidenceOf(down, MORE)];
  const now = mixed(upward, downward);
  const counted = together(state.counted, waiting);
  const next = { up, down, counted, waiting: NO_ONE, looks: state.looks + 1, now };
  if (now <= state.top) return { ...next, top: state.top, towards: state.towards };
  return { ...next, top: now, towards: upward > downward ? "treatment" : "control" };
}

/** p_t = min over all looks of 1/E: at any look, and at all of them, at most `p` with probability p under equal rates. */
export function alwaysP(state: Always): number {
  return Math.exp(-state.top);
}

/** The batches as the test takes them: those of one variant only are joined with the next. */
function turnsOf(batches: readonly Arms[]): readonly Turn[] {
  const turns: Turn[] = [];
  let [before, waiting] = [NO_ONE, NO_ONE];
  for (const batch of batches) {
    checkArms(batch);
    waiting = together(waiting, batch);
    if (!both(waiting)) continue;
    turns.push({ batch: waiting, before });
    before = together(before, waiting);
    waiting = NO_ONE;
  }
  return turns;
}

const mirrored = (turns: readonly Turn[]): readonly Turn[] =>
  turns.map(({ batch, before }) => ({ batch: exchanged(batch), before: exchanged(before) }));

function evidenceOfTurns(turns: readonly Turn[], delta: number): number[] {
  let side: Side = { delta, logs: startLogs(MORE) };
  return turns.map(({ batch, before }) => {
    side = step(side, batch, before);
    return evidenceOf(side.logs, MORE);
  });
}

/**
 * The evidence that `treatment − control` is more than `delta`, as a natural logarithm after each look that has users of
 * both variants: a one-sided e-process of the null hypothesis "at most delta", −1 < delta < 1, under the conditions of
 * `addBatch`. With the arms exchanged it is the evidence that the difference is less than −delta.
 *
 * @throws RangeError for counts or a delta that cannot be.
 */
export function evidenceAbove(batches: readonly Arms[], delta: number): readonly number[] {
  if (!(delta > -1 && delta < 1)) throw new RangeError(`delta must be between −1 and 1, not ${delta}`);
  return evidenceOfTurns(turnsOf(batches), delta);
}

/** Halvings of [−1, 1]: the bounds are exact to 2e-6, to the outside. */
const HALVINGS = 20;

/** The largest difference that is rejected as too low at the last look. */
function lowest(turns: readonly Turn[], needed: number): number {
  let [low, high] = [-1, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if ((evidenceOfTurns(turns, middle).at(-1) ?? 0) >= needed) low = middle;
    else high = middle;
  }
  return low;
}

/** The interval, or why there is none: no batch had users of both variants; no single difference fits all batches. */
export type Sequence =
  | { readonly kind: "interval"; readonly low: number; readonly high: number }
  | { readonly kind: "no-users" }
  | { readonly kind: "changing" };

/**
 * The confidence sequence of `treatment − control` at confidence 1 − alpha, at the last look: all differences δ of which
 * neither "at most δ" nor "at least δ" is rejected at 2/alpha by the e-process with margin δ. The intervals of all looks
 * together cover the difference with probability 1 − alpha, at any rate and any number of users (Ville's inequality; no
 * central limit theorem), under the conditions of `addBatch` and when the difference of the mean rates is the same in
 * every batch. It leaves 0 out only if `alwaysP` is at most alpha; after that it may take 0 in again when later users
 * speak against it. Evidence of earlier looks is not kept: an intersection over looks can become misleadingly narrow.
 *
 * @throws RangeError for an alpha not between 0 and 1, or for counts that cannot be.
 */
export function confidenceSequence(batches: readonly Arms[], alpha: number): Sequence {
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha must be between 0 and 1, not ${alpha}`);
  const turns = turnsOf(batches);
  if (turns.length === 0) return { kind: "no-users" };
  const needed = Math.log(2 / alpha);
  const low = lowest(turns, needed);
  const high = -lowest(mirrored(turns), needed);
  return low < high ? { kind: "interval", low, high } : { kind: "changing" };
}
