// How likely is it that so many requests show what is true?
import { startAccount } from "./account.ts";
import { FEWEST_FAILURES, FEWEST_REQUESTS, knownWeight } from "./clumps.ts";
import { CAUTIOUS, deflate, tauSquaredAfter } from "./dispersion.ts";
import type { Margin } from "./plan.ts";
import { logNormalCdf, normalCdf } from "./special.ts";
import { type Factor, powerFor } from "./temper.ts";
import { clampShare, GO, HARM, oddsShift, type Pair, project } from "./two-by-two.ts";

/** What one request of the canary brings, with the baseline's requests that go with it, in nats. */
export interface Gain {
  /** Expectation and variance. */
  readonly drift: number;
  readonly variance: number;
  /** What is left over, on average, once a limit is passed. */
  readonly overshoot: number;
}

/** How variable failures are, compared with independent ones, and how variable the engine takes them to be. */
export interface Variability {
  readonly phi: number;
  readonly believed: number;
}

const INDEPENDENT: Variability = { phi: 1, believed: 1 };

const LARGEST = Math.max(...HARM.ratios);
const SMALLEST = Math.min(...GO.ratios);

/** The factor of a comparison that looks for just this effect, or the nearest in its grid: logarithms per request. */
function factorFor(truth: Pair, margin: Margin): Factor {
  const { share, baseline } = truth;
  const limit = clampShare(margin.rho * baseline + margin.delta);
  const canary = Math.min(oddsShift(limit, LARGEST), Math.max(oddsShift(limit, SMALLEST), truth.canary));
  const m = project({ share, canary, baseline }, margin);
  const q = margin.rho * m + margin.delta;
  return {
    share,
    canary: q,
    baseline: m,
    canaryFailed: Math.log(canary / q),
    canaryFine: Math.log1p(-canary) - Math.log1p(-q),
    baselineFailed: Math.log(baseline / m),
    baselineFine: Math.log1p(-baseline) - Math.log1p(-m),
  };
}

/** Half a jump where evidence grows by jumps alone; less where it also creeps (Lorden 1970, excess over a boundary). */
function overshootOf(factor: Factor, truth: Pair): number {
  const k = (1 - truth.share) / truth.share;
  const jumps = [
    [truth.canary, factor.canaryFailed],
    [k * truth.baseline, factor.baselineFailed],
  ] as const;
  let up = Math.max(0, (1 - truth.canary) * factor.canaryFine + k * (1 - truth.baseline) * factor.baselineFine);
  let squares = 0;
  for (const [rate, jump] of jumps) {
    if (jump <= 0) continue;
    up += rate * jump;
    squares += rate * jump * jump;
  }
  return up > 0 ? squares / (2 * up) : 0;
}

/**
 * What each canary request brings on average when `truth` is true and the null hypothesis ends at `margin`: for independent
 * failures a Kullback–Leibler divergence. Bursts make counts `phi` times as variable, and the engine takes the power of
 * its factors that keeps them fair (`powerFor`). Probabilities strictly between 0 and 1.
 */
export function gainOf(truth: Pair, margin: Margin, { phi, believed }: Variability = INDEPENDENT): Gain {
  const factor = factorFor(truth, margin);
  const power = powerFor(factor, believed);
  const k = (1 - truth.share) / truth.share;
  const { canary: p, baseline: b } = truth;
  const drift =
    p * factor.canaryFailed +
    (1 - p) * factor.canaryFine +
    k * (b * factor.baselineFailed + (1 - b) * factor.baselineFine);
  const variance =
    p * (1 - p) * (factor.canaryFailed - factor.canaryFine) ** 2 +
    k * b * (1 - b) * (factor.baselineFailed - factor.baselineFine) ** 2;
  return {
    drift: power * drift,
    variance: power * power * phi * variance,
    overshoot: power * phi * overshootOf(factor, truth),
  };
}

/**
 * The probability that evidence has passed `distance` > 0 by the time it has this expectation and variance: the inverse
 * Gaussian distribution of a Brownian motion's first passage (Schrödinger 1915; Folks, Chhikara 1978). Holds as long as
 * no single request brings most of the distance.
 */
export function crossing(expectation: number, variance: number, distance: number): number {
  if (!(variance > 0)) return expectation >= distance ? 1 : 0;
  const sd = Math.sqrt(variance);
  const back = (2 * expectation * distance) / variance + logNormalCdf(-(expectation + distance) / sd);
  return Math.min(1, normalCdf((expectation - distance) / sd) + Math.exp(Math.min(0, back)));
}

/** Requests that the canary gets at one share, while so many replicas carry each arm. */
export interface Segment {
  readonly requests: number;
  /** The canary's share of the requests that are compared, strictly between 0 and 1. */
  readonly share: number;
  readonly canaryReplicas: number;
  readonly baselineReplicas: number;
}

/** Segments with their sums. */
export interface Course {
  readonly segments: readonly Segment[];
  readonly canaryRequests: number;
  readonly baselineRequests: number;
  /** As many equally busy replicas would carry the arms as evenly (Kish's effective size). */
  readonly canaryReplicas: number;
  readonly baselineReplicas: number;
}

/** Replicas 1…r carry a segment evenly; those that joined later have carried less. */
function evenly(parts: readonly (readonly [requests: number, replicas: number])[]): number {
  const total = parts.reduce((sum, [requests]) => sum + requests, 0);
  if (total <= 0) return 1;
  let squares = 0;
  for (const [n, r] of parts) for (const [m, s] of parts) squares += (n * m) / Math.max(r, s);
  return (total * total) / squares;
}

export function courseOf(segments: readonly Segment[]): Course {
  const used = segments.filter((segment) => segment.requests > 0);
  const canary = used.map(({ requests, canaryReplicas }) => [requests, canaryReplicas] as const);
  const baseline = used.map(
    ({ requests, share, baselineReplicas }) => [(requests * (1 - share)) / share, baselineReplicas] as const,
  );
  const sum = (parts: typeof canary): number => parts.reduce((total, [requests]) => total + requests, 0);
  return {
    segments: used,
    canaryRequests: sum(canary),
    baselineRequests: sum(baseline),
    canaryReplicas: evenly(canary),
    baselineReplicas: evenly(baseline),
  };
}

/** What is true, and what is to be shown. */
export interface Truth {
  /** `harm`: the canary is beyond the margin. `go`: it is below. */
  readonly shows: "harm" | "go";
  /** Failure probabilities. */
  readonly canary: number;
  readonly baseline: number;
  readonly margin: Margin;
  /** How many times as variable as independent ones failures are. */
  readonly phi: number;
  /** How much replicas differ, as standard deviations of log odds: as believed before anything is known, and in truth. */
  readonly tau: { readonly start: number; readonly true: number };
  /** Requests of stable that were seen before the rollout. */
  readonly known: number;
}

/** The same, and the evidence that is asked for: a natural logarithm. */
export interface Comparison extends Truth {
  readonly needed: number;
}

/** What a mixture over sizes of effect costs against looking for the true one only; fitted in test/sim/power.test.ts. */
const PRICE = { harm: 1.3, go: 0.7 } as const;

/** The part of the capital that is held back for trouble that begins late. */
const HELD_BACK = -(startAccount(HARM).logs[0] ?? 0);

/** An estimate that is not let below 1 lies above it by about so much when failures are independent. */
const ABOVE_ONE = 0.03;

/** What the dispersion is taken to be while the evidence is gathered. */
function believedOf({ shows, phi, baseline, known }: Truth, course: Course): number {
  const failures = baseline * (known + course.baselineRequests / 2);
  const start = shows === "harm" ? { phi: 1, failures: 1 } : CAUTIOUS;
  return Math.max(1, (phi * failures + start.phi * start.failures) / (failures + start.failures)) * (1 + ABOVE_ONE);
}

/** The variance between replicas that the engine will believe in, given replicas that are as unlike as they are. */
function tauSquaredOf({ phi, baseline, known, tau }: Truth, course: Course): number {
  const replicas = course.baselineReplicas;
  const mean = (baseline * (1 - baseline) * (known + course.baselineRequests)) / replicas;
  const chi = Math.max(0, replicas - 1) * (phi + mean * tau.true ** 2);
  return tauSquaredAfter(tau.start, { replicas, mean, chi, phi });
}

/**
 * By how much `clumpingOf` shrinks evidence of steady failures, just because they come unevenly by chance. Bursts of
 * geometric size have E[S⁴]/E[S] as below.
 */
function clumpedOf({ shows, phi, canary, baseline, known }: Truth, course: Course): number {
  if (shows === "go") return 1;
  const p = 2 / (phi + 1);
  const fourth = ((2 - p) * (12 - 12 * p + p * p)) / p ** 3;
  const failed = canary * course.canaryRequests;
  const weighs = knownWeight(baseline * (known + course.baselineRequests));
  return 1 + (0.4 * Math.sqrt(failed * fourth)) / (phi * (failed + weighs));
}

/** How many times more evidence is needed because replicas may differ and failures may clump. */
function hardship(of: Truth, course: Course, believed: number): number {
  const unit = of.baseline * (1 - of.baseline);
  const reach = {
    canary: course.canaryRequests * unit,
    baseline: course.baselineRequests * unit,
    canaryReplicas: course.canaryReplicas,
    baselineReplicas: course.baselineReplicas,
  };
  return clumpedOf(of, course) / deflate(1, reach, { phi: believed, tauSquared: tauSquaredOf(of, course) });
}

function tooEarly({ shows, baseline, known }: Truth, course: Course): boolean {
  const failures = baseline * (known + course.baselineRequests);
  return shows === "harm" && course.canaryRequests < FEWEST_REQUESTS && failures < FEWEST_FAILURES;
}

function onRightSide({ shows, canary, baseline, margin }: Truth): boolean {
  const limit = margin.rho * baseline + margin.delta;
  return shows === "harm" ? canary > limit : canary < limit;
}

/** What the engine's evidence will be at the end of a course: a random walk, and what stands against it. */
export interface Outlook {
  readonly expectation: number;
  readonly variance: number;
  /** What is lost to the mixture, and left over beyond a limit. */
  readonly price: number;
  /** Evidence counts for so many times less, at least 1. */
  readonly hardship: number;
}

/** `undefined` where nothing can be shown: the truth is not on that side of the margin, or it is too early. */
export function outlookOf(of: Truth, course: Course): Outlook | undefined {
  if (course.canaryRequests <= 0 || !onRightSide(of) || tooEarly(of, course)) return undefined;
  const believed = believedOf(of, course);
  const [canary, baseline] = [clampShare(of.canary), clampShare(of.baseline)];
  let expectation = 0;
  let variance = 0;
  let overshoot = 0;
  for (const segment of course.segments) {
    const { share, requests } = segment;
    const gain = gainOf({ share, canary, baseline }, of.margin, { phi: of.phi, believed });
    expectation += requests * gain.drift;
    variance += requests * gain.variance;
    ({ overshoot } = gain);
  }
  const price = PRICE[of.shows] + (of.shows === "harm" ? HELD_BACK : 0) + overshoot;
  return { expectation, variance, price, hardship: hardship(of, course, believed) };
}

/** The probability that the evidence has been `needed`, a natural logarithm, at some look. */
export function reaches(outlook: Outlook | undefined, needed: number): number {
  if (outlook === undefined) return 0;
  const more = needed * (outlook.hardship - 1);
  return crossing(outlook.expectation - more, outlook.variance, needed + outlook.price);
}

/**
 * The probability that a comparison is shown by the end of a course. The engine's own cautions are in it: evidence is
 * tempered for bursts and divided for replicas that may differ, so that what is needed grows with the requests.
 * Simulated medians and 90 % quantiles lie within 20 % for two to ten times the errors: docs/plan.md.
 */
export function chanceOf(of: Comparison, course: Course): number {
  return reaches(outlookOf(of, course), of.needed);
}

/** A fixed bound on failures, and the truth. */
export interface Bounded {
  readonly canary: number;
  readonly baseline: number;
  readonly max: number;
  readonly needed: number;
  readonly phi: number;
}

/** The probability that so many canary requests show that their failures are beyond the bound; 0 when stable is too. */
export function chanceBeyond(of: Bounded, canaryRequests: number): number {
  const canary = clampShare(of.canary);
  const max = clampShare(of.max);
  if (canaryRequests <= 0 || canary <= max || of.baseline >= max) return 0;
  const failed = Math.log(canary / max);
  const fine = Math.log1p(-canary) - Math.log1p(-max);
  const factor = { share: 1, canary: max, baseline: 0, canaryFailed: failed, canaryFine: fine };
  const power = powerFor({ ...factor, baselineFailed: 0, baselineFine: 0 }, of.phi * (1 + ABOVE_ONE));
  const drift = power * (canary * failed + (1 - canary) * fine);
  const variance = power * power * of.phi * canary * (1 - canary) * (failed - fine) ** 2;
  const distance = of.needed + PRICE.harm + HELD_BACK + (power * of.phi * failed) / 2;
  return crossing(canaryRequests * drift, canaryRequests * variance, distance);
}

/** The longest course that is looked at: beyond it the answer is "never". */
const MOST_REQUESTS = 1e12;

/** The fewest canary requests, all like those of `at`, that show it with probability `power`; `Infinity` if none do. */
export function requestsFor(power: number, chance: (course: Course) => number, at: Omit<Segment, "requests">): number {
  const enough = (requests: number): boolean => chance(courseOf([{ ...at, requests }])) >= power;
  let high = 1;
  while (!enough(high)) {
    high *= 2;
    if (high > MOST_REQUESTS) return Infinity;
  }
  return bisect([high === 1 ? 0 : high / 2, high], enough, 1e-12);
}

/**
 * The least value between two that `holds`, to a relative `precision`. It holds at the upper one, and once it holds, for
 * all that is larger.
 */
export function bisect(
  [low, high]: readonly [number, number],
  holds: (value: number) => boolean,
  precision: number,
): number {
  let [below, above] = [low, high];
  for (let step = 0; step < 60 && above - below > precision * above; step++) {
    const middle = (below + above) / 2;
    if (holds(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** The smallest effect of two limits that is shown with probability `power`; `Infinity` when even the larger isn't. */
export function detectable(
  power: number,
  chance: (effect: number) => number,
  [least, most]: readonly [number, number],
): number {
  if (chance(most) < power) return Infinity;
  // Effects span powers of ten: halved on the logarithm.
  const holds = (log: number): boolean => chance(Math.exp(log)) >= power;
  const [low, high] = [Math.log(least), Math.log(most)];
  return least * Math.exp(bisect([0, high - low], (log) => holds(low + log), 1e-4));
}
