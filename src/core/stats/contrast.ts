// What does one count, compared between the arms, say so far?
import { invest, startAccount, worthOf } from "./account.ts";
import { addCounts, NO_COUNTS, replicasOf } from "./arms.ts";
import { clump, clumpingOf, startClumps, tooEarly } from "./clumps.ts";
import {
  CAUTIOUS,
  type Cells,
  deflate,
  disperse,
  type Dispersion,
  phiOf,
  type Reach,
  spreadOf,
  type Tally,
} from "./dispersion.ts";
import type { Margin } from "./plan.ts";
import type { Carriers, Contrast, GoState } from "./state.ts";
import { advance, clampShare, type Counts, evidenceOf, GO, HARM, logMix, startLogs } from "./two-by-two.ts";

/** What a look adds to one contrast. */
export interface Addition {
  readonly counts: Counts;
  /** The canary by replica, where that is known. */
  readonly canary?: readonly Tally[] | undefined;
  /** The stable fleet by replica, for the dispersion. */
  readonly cells: Cells;
  readonly durationMs: number;
  readonly margin: Margin;
}

/** How many requests from before the rollout weigh in: more would be slow to follow a change. */
const PRIOR_REQUESTS = 5_000;

/** Before anything is known the baseline is believed to fail in 0.5 of 150 requests. */
const START_FAILED = 0.5;
const START_REQUESTS = 150;

/** What is known before the first look. */
export interface Start {
  readonly prior: Tally;
  readonly dispersion: Dispersion;
  readonly tau: number;
}

export function startContrast({ prior, dispersion, tau }: Start): Contrast {
  const scale = Math.min(1, PRIOR_REQUESTS / Math.max(1, prior[0]));
  return {
    harm: startAccount(HARM),
    counts: NO_COUNTS,
    prior: [prior[0] * scale, prior[1] * scale],
    dispersion,
    tau,
    clumps: startClumps(),
  };
}

/** The baseline's failure probability as known from earlier looks. */
export function baselineShare(contrast: Contrast): number {
  const { prior, counts } = contrast;
  return clampShare((START_FAILED + prior[1] + counts.baselineX) / (START_REQUESTS + prior[0] + counts.baselineN));
}

/** Adds a look. What the look is judged by (the baseline's share, the dispersion) comes from earlier looks only. */
export function compare(contrast: Contrast, added: Addition): Contrast {
  const { counts, margin, durationMs } = added;
  const account = invest(contrast.harm, durationMs);
  const phi = phiOf(contrast.dispersion);
  const belief = { grid: HARM, margin, phi, baseline: baselineShare(contrast) };
  const canary = added.canary ?? [[counts.canaryN, counts.canaryX] as const];
  return {
    ...contrast,
    harm: { ...account, logs: advance(account.logs, counts, belief) },
    counts: addCounts(contrast.counts, counts),
    dispersion: disperse(contrast.dispersion, durationMs, added.cells),
    clumps: canary.reduce((seen, tally) => clump(seen, tally, phi), contrast.clumps),
  };
}

/** How many replicas carry each arm. */
export interface Carried {
  readonly canary: number;
  readonly baseline: number;
}

export function carriedOf(state: { canaryReplicas: Carriers; baselineReplicas: Carriers }): Carried {
  return { canary: replicasOf(state.canaryReplicas), baseline: replicasOf(state.baselineReplicas) };
}

function reachOf(counts: Counts, share: number, carried: Carried): Reach {
  const unit = share * (1 - share);
  return {
    canary: counts.canaryN * unit,
    baseline: counts.baselineN * unit,
    canaryReplicas: carried.canary,
    baselineReplicas: carried.baseline,
  };
}

/** Relative variance between replicas of a difference between the arms. */
export function betweenOf(contrast: Contrast, carried: Carried): number {
  const { tauSquared } = spreadOf(contrast.dispersion, contrast.tau);
  return tauSquared * (1 / carried.canary + 1 / carried.baseline);
}

/** The evidence that the canary is worse, as a natural logarithm. */
export function badOf(contrast: Contrast, carried: Carried): number {
  const worth = worthOf(contrast.harm, HARM);
  if (worth <= 0) return worth;
  if (tooEarly(contrast.clumps, contrast.dispersion)) return 0;
  const log = worth / clumpingOf(contrast.clumps, contrast.dispersion);
  const reach = reachOf(contrast.counts, baselineShare(contrast), carried);
  return deflate(log, reach, spreadOf(contrast.dispersion, contrast.tau));
}

/** A judgement before its first look, with so many ways to show `no-worse`. */
export function startGo(tests: number): GoState {
  const one = { logs: startLogs(GO), counts: NO_COUNTS };
  return { tests: Array.from({ length: tests }, () => one), believed: 0, top: 0 };
}

/** The evidence in this judgement that the canary is no worse, as a natural logarithm. */
export function goodOf(go: GoState, contrast: Contrast, carried: Carried): number {
  const share = Math.log(1 / go.tests.length);
  const worth = logMix(
    go.tests.map(({ logs }) => evidenceOf(logs, GO)),
    go.tests.map(() => share),
  );
  const counts = go.tests[0]?.counts;
  if (worth <= 0 || counts === undefined) return worth;
  const spread = spreadOf(contrast.dispersion, contrast.tau);
  const phi = phiOf(contrast.dispersion, CAUTIOUS);
  const surprise = go.believed > 0 ? Math.max(1, (phi * (counts.canaryX + counts.baselineX)) / go.believed) : 1;
  return deflate(worth / surprise, reachOf(counts, baselineShare(contrast), carried), {
    ...spread,
    phi,
  });
}

/** What a judgement stands in: the contrast before and after the look, and who carried the arms. */
export interface Setting {
  readonly before: Contrast;
  readonly after: Contrast;
  readonly carried: Carried;
}

/** What a look says for one way to show `no-worse`. */
export interface GoLook {
  readonly counts: Counts;
  readonly margin: Margin;
}

/** Adds a look to a judgement. */
export function judge(go: GoState, seen: readonly GoLook[], at: Setting): GoState {
  const phi = phiOf(at.before.dispersion, CAUTIOUS);
  const baseline = baselineShare(at.before);
  const tests = go.tests.map((test, index) => {
    const next = seen[index];
    if (next === undefined) return test;
    const belief = { grid: GO, margin: next.margin, phi, baseline };
    return {
      logs: advance(test.logs, next.counts, belief),
      counts: addCounts(test.counts, next.counts),
    };
  });
  const [first] = seen;
  const failed = first ? first.counts.canaryX + first.counts.baselineX : 0;
  const next = { tests, believed: go.believed + phi * failed, top: go.top };
  return { ...next, top: Math.max(go.top, goodOf(next, at.after, at.carried)) };
}
