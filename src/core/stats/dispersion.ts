// How much more do counts vary than independent requests would, over time and between replicas?

/** Requests, and how many of them were counted as failed. */
export type Tally = readonly [requests: number, failed: number];

/** Tallies by replica. */
export type Cells = Readonly<Record<string, Tally>>;

/**
 * What is known about the variation of one count, measured only on replicas that run the stable revision. Plain JSON;
 * its size is bounded by `MOST_REPLICAS`.
 */
export interface Dispersion {
  /** Sum of squared differences from what was expected, and what that sum would be for independent requests. */
  readonly squares: number;
  readonly expected: number;
  /** The block under way: one that lasts less than `BLOCK_MS` would cut bursts in pieces. */
  readonly openMs: number;
  readonly open: Cells;
  /** All closed blocks. */
  readonly past: Tally;
  /** Closed blocks by replica: what failed, and what would have, were the replicas alike. */
  readonly replicas: Readonly<Record<string, readonly [failed: number, expected: number]>>;
}

/** Bursts of errors (a retry storm, a pause) last seconds; blocks of this length hold most of them in one piece. */
const BLOCK_MS = 10_000;

/** Replicas told apart; further ones are counted together, which loses a little precision. */
export const MOST_REPLICAS = 32;

/** The name of all replicas that are counted together. */
export const OTHERS = "others";

/** What is believed of the dispersion before anything is known, and how many expected failures that is worth. */
export interface StartPhi {
  readonly phi: number;
  readonly failures: number;
}

/**
 * To tell harm: failures are believed to be independent. A start of 1.5 needs 12 s instead of 9 s to tell 3 % from 0.1 %
 * at 200 requests a second; what the haste would cost in false alarms is held off by `clumpingOf` (measured in
 * test/sim/verdict-false.test.ts).
 */
const HASTY: StartPhi = { phi: 1, failures: 1 };

/** To let a canary go on nothing is lost by caution: failures are believed to come in bursts of two in the mean. */
export const CAUTIOUS: StartPhi = { phi: 3, failures: 5 };

/** What replicas of one revision are believed to differ by is worth this many replicas. */
const START_REPLICAS = 4;

/** The belief itself, as a standard deviation of log odds: for errors, and for latencies beyond a threshold. */
export const ERRORS_TAU = 0.2;
export const LATENCY_TAU = 0.1;

export const startDispersion = (): Dispersion => ({
  squares: 0,
  expected: 0,
  openMs: 0,
  open: {},
  past: [0, 0],
  replicas: {},
});

/** The name under which a replica is counted. */
export function slotOf(known: Readonly<Record<string, unknown>>, replica: string): string {
  return Object.hasOwn(known, replica) || Object.keys(known).length < MOST_REPLICAS ? replica : OTHERS;
}

/** A block, added up. */
interface Block {
  readonly replicas: number;
  readonly requests: number;
  readonly failed: number;
}

function blockOf(cells: Cells): Block {
  let replicas = 0;
  let requests = 0;
  let failed = 0;
  for (const replica in cells) {
    const [n, x] = cells[replica] ?? [0, 0];
    replicas++;
    requests += n;
    failed += x;
  }
  return { replicas, requests, failed };
}

/**
 * What a block adds to the two sums. Between replicas that served the same interval, the mean is the interval's own,
 * so a drift of the whole fleet cancels; with one replica, the mean is that of all earlier blocks.
 */
function varianceOf(cells: Cells, block: Block, past: Tally): readonly [squares: number, expected: number] {
  const { requests, failed } = block;
  if (requests === 0) return [0, 0];
  if (block.replicas === 1) {
    if (past[0] === 0) return [0, 0];
    const share = past[1] / past[0];
    const mean = requests * share;
    return [(failed - mean) ** 2, mean * (1 - share) * (1 + requests / past[0])];
  }
  if (failed === 0) return [0, 0];
  const share = failed / requests;
  let squares = 0;
  let expected = 0;
  for (const replica in cells) {
    const [n, x] = cells[replica] ?? [0, 0];
    squares += (x - n * share) ** 2;
    expected += n * share * (1 - share) * (1 - n / requests);
  }
  return [squares, expected];
}

function close(seen: Dispersion, cells: Cells): Dispersion {
  const block = blockOf(cells);
  const { requests, failed } = block;
  const [squares, expected] = varianceOf(cells, block, seen.past);
  const replicas: Record<string, readonly [number, number]> = { ...seen.replicas };
  for (const replica in cells) {
    const [n, x] = cells[replica] ?? [0, 0];
    const slot = slotOf(replicas, replica);
    const known = replicas[slot];
    if (known !== undefined && failed === 0) continue;
    const alike = requests > 0 ? (n * failed) / requests : 0;
    replicas[slot] = known ? [known[0] + x, known[1] + alike] : [x, alike];
  }
  return {
    squares: seen.squares + squares,
    expected: seen.expected + expected,
    openMs: 0,
    open: {},
    past: [seen.past[0] + requests, seen.past[1] + failed],
    replicas,
  };
}

/** Adds an interval of the stable fleet. */
export function disperse(seen: Dispersion, durationMs: number, cells: Cells): Dispersion {
  const openMs = seen.openMs + durationMs;
  if (seen.openMs === 0 && openMs >= BLOCK_MS && blockOf(cells).replicas <= MOST_REPLICAS) return close(seen, cells);
  const open: Record<string, Tally> = { ...seen.open };
  for (const replica in cells) {
    const cell = cells[replica] ?? [0, 0];
    const slot = slotOf(open, replica);
    const known = open[slot];
    open[slot] = known ? [known[0] + cell[0], known[1] + cell[1]] : cell;
  }
  return openMs >= BLOCK_MS ? close(seen, open) : { ...seen, openMs, open };
}

/** Old blocks count less: all sums shrink by `factor`. */
export function fade(seen: Dispersion, factor: number): Dispersion {
  const replicas: Record<string, readonly [number, number]> = {};
  for (const replica in seen.replicas) {
    const [failed, expected] = seen.replicas[replica] ?? [0, 0];
    if (expected * factor > 1e-3) replicas[replica] = [failed * factor, expected * factor];
  }
  return {
    ...seen,
    squares: seen.squares * factor,
    expected: seen.expected * factor,
    past: [seen.past[0] * factor, seen.past[1] * factor],
    replicas,
  };
}

/**
 * How many times as variable as independent failures these are, at least 1. A ratio of sums: the mean of ratios is
 * biased upwards as soon as failures are rare (McCullagh, Nelder: Generalized Linear Models, ch. 4.5).
 */
export function phiOf(seen: Dispersion, start: StartPhi = HASTY): number {
  const [squares, expected] = varianceOf(seen.open, blockOf(seen.open), seen.past);
  const sum = seen.squares + squares + start.phi * start.failures;
  return Math.max(1, sum / (seen.expected + expected + start.failures));
}

/** How much replicas of one revision differ, and how far that is known. */
export interface Spread {
  readonly phi: number;
  readonly tauSquared: number;
}

/** How much replicas may differ, as multiples of the belief, and how likely that is before anything is known. */
const TAU_RATIOS = [0, 0.05, 0.1, 0.2, 0.35, 0.6, 1, 1.6, 2.5, 4];
const TAU_WEIGHTS = [0.12, 0.08, 0.08, 0.1, 0.12, 0.15, 0.15, 0.12, 0.06, 0.02];
const TAU_SCALE = 1 / TAU_RATIOS.reduce((sum, ratio, i) => sum + ratio * ratio * (TAU_WEIGHTS[i] ?? 0), 0);
const TAUS = TAU_RATIOS.map((ratio, i) => ({ squared: ratio * ratio * TAU_SCALE, weight: TAU_WEIGHTS[i] ?? 0 }));

/** What replicas showed: how many, what each would have failed on average, and the sum of squares over expectations. */
export interface Unlikeness {
  readonly replicas: number;
  readonly mean: number;
  readonly chi: number;
  readonly phi: number;
}

/**
 * The variance between replicas of one revision on the scale of log odds: its mean after what was seen. `chi` is
 * phi + mean · tau² times chi-squared (Williams, Applied Statistics 31, 1982). The likelihood of a few replicas counts
 * for less: they can neither show that they are alike nor that they are not.
 */
export function tauSquaredAfter(tau: number, { replicas, mean, chi, phi }: Unlikeness): number {
  const belief = tau * tau;
  if (replicas < 2 || mean <= 0) return belief;
  const freedom = replicas - 1;
  const trust = freedom / (freedom + START_REPLICAS);
  const variances = TAUS.map(({ squared }) => phi + squared * belief * mean);
  const logs = variances.map((variance) => (-trust / 2) * (freedom * Math.log(variance) + chi / variance));
  const top = Math.max(...logs);
  let whole = 0;
  let weighted = 0;
  for (const [i, { squared, weight }] of TAUS.entries()) {
    const likely = weight * Math.exp((logs[i] ?? 0) - top);
    whole += likely;
    weighted += likely * squared;
  }
  return (belief * weighted) / whole;
}

/** How many times as variable as independent ones failures are, and how much replicas of stable differ. */
export function spreadOf(seen: Dispersion, tau: number): Spread {
  const phi = phiOf(seen);
  const fine = 1 - shareOf(seen.past);
  let replicas = 0;
  let sum = 0;
  let chi = 0;
  for (const replica in seen.replicas) {
    const [failed, expected] = seen.replicas[replica] ?? [0, 0];
    if (expected <= 0) continue;
    replicas++;
    sum += expected * fine;
    chi += (failed - expected) ** 2 / (expected * fine);
  }
  return { phi, tauSquared: tauSquaredAfter(tau, { replicas, mean: sum / Math.max(1, replicas), chi, phi }) };
}

function shareOf([requests, failed]: Tally): number {
  return requests > 0 ? Math.min(failed / requests, 1 - 1e-6) : 0;
}

/** How far the evidence of one comparison reaches: variance units n p (1 − p) and replicas of both arms. */
export interface Reach {
  readonly canary: number;
  readonly baseline: number;
  readonly canaryReplicas: number;
  readonly baselineReplicas: number;
}

/**
 * Evidence that also has to explain away the difference between replicas: the logarithm shrinks by the ratio of the
 * variances with and without it. Few canary replicas can show little, however many requests they serve.
 */
export function deflate(log: number, reach: Reach, spread: Spread): number {
  if (log <= 0 || reach.canary <= 0 || reach.baseline <= 0) return log;
  const between = spread.tauSquared * (1 / reach.canaryReplicas + 1 / reach.baselineReplicas);
  const within = spread.phi * (1 / reach.canary + 1 / reach.baseline);
  return log / (1 + between / within);
}
