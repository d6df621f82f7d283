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

const OTHERS = "others";

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

function totalOf(cells: Cells): Tally {
  let requests = 0;
  let failed = 0;
  for (const replica in cells) {
    requests += cells[replica]?.[0] ?? 0;
    failed += cells[replica]?.[1] ?? 0;
  }
  return [requests, failed];
}

/**
 * What a block adds to the two sums. Between replicas that served the same interval, the mean is the interval's own,
 * so a drift of the whole fleet cancels; with one replica, the mean is that of all earlier blocks.
 */
function varianceOf(cells: Cells, past: Tally): readonly [squares: number, expected: number] {
  const replicas = Object.keys(cells);
  const [requests, failed] = totalOf(cells);
  if (requests === 0) return [0, 0];
  if (replicas.length === 1) {
    if (past[0] === 0) return [0, 0];
    const share = past[1] / past[0];
    const mean = requests * share;
    return [(failed - mean) ** 2, mean * (1 - share) * (1 + requests / past[0])];
  }
  const share = failed / requests;
  let squares = 0;
  let expected = 0;
  for (const replica of replicas) {
    const [n, x] = cells[replica] ?? [0, 0];
    squares += (x - n * share) ** 2;
    expected += n * share * (1 - share) * (1 - n / requests);
  }
  return [squares, expected];
}

function close(seen: Dispersion): Dispersion {
  const [requests, failed] = totalOf(seen.open);
  const [squares, expected] = varianceOf(seen.open, seen.past);
  const replicas: Record<string, readonly [number, number]> = { ...seen.replicas };
  for (const replica in seen.open) {
    const [n, x] = seen.open[replica] ?? [0, 0];
    const slot = slotOf(replicas, replica);
    const known = replicas[slot] ?? [0, 0];
    replicas[slot] = [known[0] + x, known[1] + (requests > 0 ? (n * failed) / requests : 0)];
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
  const open: Record<string, Tally> = { ...seen.open };
  for (const replica in cells) {
    const [n, x] = cells[replica] ?? [0, 0];
    const slot = slotOf(open, replica);
    const known = open[slot] ?? [0, 0];
    open[slot] = [known[0] + n, known[1] + x];
  }
  const next = { ...seen, openMs: seen.openMs + durationMs, open };
  return next.openMs >= BLOCK_MS ? close(next) : next;
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
  const [squares, expected] = varianceOf(seen.open, seen.past);
  const sum = seen.squares + squares + start.phi * start.failures;
  return Math.max(1, sum / (seen.expected + expected + start.failures));
}

/** How much replicas of one revision differ, and how far that is known. */
export interface Spread {
  readonly phi: number;
  readonly tauSquared: number;
}

/**
 * The variance between replicas of one revision on the scale of log odds: the moment estimate of a random effect
 * (Williams, Applied Statistics 31, 1982), weighed against the belief at the start by their precisions. A few replicas
 * can neither show that they are alike nor that they are not.
 */
export function spreadOf(seen: Dispersion, tau: number): Spread {
  const phi = phiOf(seen);
  const belief = tau * tau;
  const fine = 1 - shareOf(seen.past);
  let used = 0;
  let sum = 0;
  let chi = 0;
  for (const replica in seen.replicas) {
    const [failed, expected] = seen.replicas[replica] ?? [0, 0];
    if (expected <= 0) continue;
    used++;
    sum += expected * fine;
    chi += (failed - expected) ** 2 / (expected * fine);
  }
  if (used < 2 || sum <= 0) return { phi, tauSquared: belief };
  const mean = sum / used;
  const measured = (chi / (used - 1) - phi) / mean;
  const noise = Math.max(belief, measured) + phi / mean;
  const precision = (used - 1) / noise ** 2;
  const prior = START_REPLICAS / belief ** 2;
  return { phi, tauSquared: Math.max(0, (measured * precision + belief * prior) / (precision + prior)) };
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
