// What do differences say that come block by block, hang together, and may change late?
import { safeT, safeTReach } from "./safe-t.ts";
import { logMix } from "./two-by-two.ts";

/** Sums over the differences since a start, in their order; `lagged` is the sum of products of neighbours. */
export interface Run {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
  readonly lagged: number;
  readonly first: number;
  readonly last: number;
}

export const startRun = (): Run => ({ n: 0, sum: 0, squares: 0, lagged: 0, first: 0, last: 0 });

export function extend(run: Run, value: number): Run {
  if (run.n === 0) return { n: 1, sum: value, squares: value * value, lagged: 0, first: value, last: value };
  return {
    n: run.n + 1,
    sum: run.sum + value,
    squares: run.squares + value * value,
    lagged: run.lagged + run.last * value,
    first: run.first,
    last: value,
  };
}

/** Fewer differences say nothing, unless a question says so: how much they hang together is not known yet. */
export const FEWEST = 9;

/** Squared distances from the mean; what is left of it by rounding alone counts as nothing. */
function spreadOf(run: Run): number {
  const spread = run.squares - (run.sum * run.sum) / run.n;
  return spread > 1e-12 * run.squares ? spread : 0;
}

/** The correlation of neighbours is estimated too small from few differences, by about this much divided by their number. */
const SHORT = 2;

const MOST_CORRELATED = 0.97;

/**
 * How many times fewer independent differences say as much as these: (1 + ρ) / (1 − ρ), of an autoregression of order 1
 * with the measured correlation of neighbours; at least 1 (Bayley, Hammersley 1946).
 */
export function inflationOf(run: Run): number {
  if (run.n < 2) return 1;
  const spread = spreadOf(run);
  const mean = run.sum / run.n;
  const lagged = run.lagged - mean * (2 * run.sum - run.first - run.last) + (run.n - 1) * mean * mean;
  const correlation = (spread > 0 ? lagged / spread : 0) + SHORT / run.n;
  const rho = Math.min(MOST_CORRELATED, Math.max(0, correlation));
  return (1 + rho) / (1 - rho);
}

/** Are the differences, in the direction of `sign`, beyond `margin`? */
export interface Question {
  readonly margin: number;
  readonly sign: 1 | -1;
  /** Fewer differences say nothing. */
  readonly fewest?: number | undefined;
}

/**
 * How large effects the test looks for, as variances of mean / standard deviation: small ones, and gross ones, which the
 * first would be slow to believe. The mean of both is a fair bet again.
 */
const KAPPAS = [0.5, 20] as const;

/**
 * Logarithm of the evidence, tempered by how much the differences hang together, at least `inflation`: less evidence is
 * always fair.
 */
export function evidenceOfRun(run: Run, { margin, sign, fewest = FEWEST }: Question, inflation = 1): number {
  if (run.n < fewest) return 0;
  const sum = sign * (run.sum - run.n * margin);
  const squares = run.squares - 2 * margin * run.sum + run.n * margin * margin;
  const logs = KAPPAS.map((kappa2) => safeT({ n: run.n, sum, squares }, kappa2));
  const log = logMix(
    logs,
    logs.map(() => -Math.log(logs.length)),
  );
  return log > 0 ? log / Math.max(inflation, inflationOf(run)) : log;
}

/** The interval, valid at every look, that misses the mean with probability `miss`; none while it would be infinite. */
export function intervalOfRun(run: Run, miss: number): readonly [low: number, high: number] | undefined {
  if (run.n < FEWEST) return undefined;
  const reach = safeTReach(run.n, inflationOf(run) * Math.log(1 / miss));
  if (reach === undefined) return undefined;
  const mean = run.sum / run.n;
  const half = reach * Math.sqrt(spreadOf(run) / run.n);
  return [mean - half, mean + half];
}

/** How many differences like these it takes to reach the evidence `log`; `undefined` if they point the other way. */
export function lengthFor(run: Run, question: Question, log: number): number | undefined {
  if (run.n < 2 || question.sign * (run.sum / run.n - question.margin) <= 0) return undefined;
  for (let n = Math.max(FEWEST, run.n); n < 10_000; n += Math.ceil(n / 50)) {
    const scale = n / run.n;
    const longer = { ...run, n, sum: run.sum * scale, squares: run.squares * scale, lagged: run.lagged * scale };
    if (evidenceOfRun(longer, question) >= log) return n;
  }
  return undefined;
}

/** A start later in the series, and how much differences were seen to hang together before it. */
interface LaterRun {
  readonly run: Run;
  readonly inflation: number;
}

/** The whole series, and later starts in it, oldest first: a trouble that begins late is not drowned in what was before. */
export interface Runs {
  readonly whole: Run;
  readonly later: readonly LaterRun[];
  /** How many later starts there were, also those that are forgotten again. */
  readonly starts: number;
}

/** A later start every so many blocks; so many of the latest are followed. */
const EVERY = 15;
const FOLLOWED = 4;

/** The share of the evidence that is kept for later starts: the k-th gets 1 / (k (k + 1)) of it, all together all of it. */
const LATER = 0.3;

export const startRuns = (): Runs => ({ whole: startRun(), later: [], starts: 0 });

/**
 * A new start. A few blocks can't show how slowly differences wander, so it takes the smallest inflation that was seen
 * at any start: a trouble that is under way already does not raise it.
 */
function begin(runs: Runs): LaterRun {
  const known = runs.later.at(-1)?.inflation ?? Infinity;
  return { run: startRun(), inflation: Math.min(known, inflationOf(runs.whole)) };
}

export function extendRuns(runs: Runs, value: number): Runs {
  const begins = runs.whole.n > 0 && runs.whole.n % EVERY === 0;
  const followed = begins ? [...runs.later, begin(runs)].slice(-FOLLOWED) : runs.later;
  return {
    whole: extend(runs.whole, value),
    later: followed.map(({ run, inflation }) => ({ run: extend(run, value), inflation })),
    starts: runs.starts + (begins ? 1 : 0),
  };
}

/** Logarithm of the evidence of the whole and of all later starts: a mean with weights that were fixed before. */
export function evidenceOfRuns(runs: Runs, question: Question): number {
  const oldest = runs.starts - runs.later.length + 1;
  const logs = runs.later.map(({ run, inflation }) => evidenceOfRun(run, question, inflation));
  const weights = runs.later.map((_, index) => Math.log(LATER / ((oldest + index) * (oldest + index + 1))));
  const whole = evidenceOfRun(runs.whole, question);
  return logMix([whole, ...logs, 0], [Math.log(1 - LATER), ...weights, Math.log(LATER / (runs.starts + 1))]);
}
