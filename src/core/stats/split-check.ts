// Does the canary get the share of the traffic that was asked for?
import { type Account, invest, startAccount, worthOf } from "./account.ts";
import * as figures from "./figures.ts";
import { finite, notNegative } from "./finite.ts";
import { clampShare, type Grid, type Logs, oddsShift } from "./two-by-two.ts";

/**
 * Requests by where they went. Count what is shared out by chance and independently: with sticky sessions, sessions.
 * An interval in which the share was changed should be left out, as should requests that were tried again.
 */
export interface SplitLook {
  readonly canary: number;
  readonly others: number;
  /** The configured share, 0…1, throughout the interval. At 0 and 1 there is nothing to check. */
  readonly share: number;
  /** How long the interval was; a minute if not given. */
  readonly durationMs?: number | undefined;
}

/** Balancers need not be exact: the odds may be off by this factor. */
const MARGIN = 1.05;

/** Odds ratios that are looked for, in both directions. */
const RATIOS = [1.1, 1.2, 1.5, 2, 3] as const;

const GRID: Grid = {
  ratios: [...RATIOS, ...RATIOS.map((ratio) => 1 / ratio)],
  logPrior: [...RATIOS, ...RATIOS].map((_, __, all) => -Math.log(all.length)),
};

/** Probability that a split which is as asked for is ever called off. */
const ALPHA = 0.001;

/** More evidence than this per component is not kept: a split that was put right again is soon no longer called off. */
const MOST = Math.log(1 / ALPHA) + 5;

/** What is shown of the shares forgets half of the requests in this time. */
const HALF_MS = 300_000;

/** Plain JSON of bounded size. */
export interface SplitState {
  readonly account: Account;
  /** Requests, old ones counting less, and how many of the canary there would have been. */
  readonly canary: number;
  readonly all: number;
  readonly expected: number;
}

export const startSplitCheck = (): SplitState => ({
  account: startAccount(GRID),
  canary: 0,
  all: 0,
  expected: 0,
});

/**
 * Likelihood ratios of the share at each odds ratio against the share at the margin on the same side (Lindon, Malek,
 * arXiv 2011.03567, with a margin). They grow with the canary's requests above the margin, and shrink below it, so they
 * are fair for every share on the near side, also one that changes.
 */
function weigh(logs: Logs, { canary, others, share: asked }: SplitLook): Logs {
  const share = clampShare(asked);
  return GRID.ratios.map((ratio, j) => {
    const edge = oddsShift(share, ratio > 1 ? MARGIN : 1 / MARGIN);
    const alternative = oddsShift(share, ratio);
    const gain = canary * Math.log(alternative / edge) + others * (Math.log1p(-alternative) - Math.log1p(-edge));
    return Math.min(MOST, (logs[j] ?? 0) + gain);
  });
}

/** Adds an interval. Throws a RangeError for counts below 0, shares outside 0…1, and what is not a number. */
export function checkSplit(state: SplitState, look: SplitLook): SplitState {
  const canary = notNegative(look.canary, "checkSplit: requests of the canary");
  const others = notNegative(look.others, "checkSplit: requests of the others");
  const share = notNegative(look.share, "checkSplit: share");
  if (share > 1) throw new RangeError(`checkSplit: share is above 1: ${share}`);
  const durationMs = finite(look.durationMs ?? 60_000, "checkSplit: duration");
  if (durationMs <= 0 || share === 0 || share === 1 || canary + others === 0) return state;
  const paid = invest(state.account, durationMs);
  const kept = 2 ** (-durationMs / HALF_MS);
  return {
    account: { ...paid, logs: weigh(paid.logs, look) },
    canary: kept * state.canary + canary,
    all: kept * state.all + canary + others,
    expected: kept * state.expected + share * (canary + others),
  };
}

/** Whether the split is off. That says nothing against the canary; it makes the comparison doubtful. */
export interface SplitReport {
  /** Natural logarithm of the evidence now, capped. */
  readonly log: number;
  readonly off: boolean;
  /** Shares of the requests of the last minutes: asked for, and counted. 0 before the first request. */
  readonly expected: number;
  readonly realised: number;
  readonly text: string;
}

export function splitReport(state: SplitState): SplitReport {
  const log = worthOf(state.account, GRID);
  const off = log >= Math.log(1 / ALPHA);
  const expected = state.all > 0 ? state.expected / state.all : 0;
  const realised = state.all > 0 ? state.canary / state.all : 0;
  if (state.all === 0) return { log, off, expected, realised, text: "no request was shared out yet" };
  const counted = `${figures.share(realised)} of the requests went to the canary, ${figures.share(expected)} were asked for`;
  const text = off ? `the traffic is not split as configured: ${counted}` : counted;
  return { log, off, expected, realised, text };
}
