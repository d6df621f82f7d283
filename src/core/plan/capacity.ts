// How many replicas does a share of the traffic need?
import { WHOLE, weight, type Weight } from "../units.ts";

/**
 * A third of the traffic is not a whole number of millionths, so that 2 of 3 replicas get 666 667 of them. That
 * millionth is forgiven, and nothing more.
 */
const FORGIVEN = 1;

/** Replicas that carry a share, when `fullSize` carry everything: rounded up, at least one for any share at all. */
export function sizeFor(share: Weight, fullSize: number): number {
  if (share === 0) return 0;
  return Math.max(1, Math.ceil(((share - FORGIVEN) * fullSize) / WHOLE));
}

/** Whether so many ready replicas can carry the share. */
export function canCarry(share: Weight, ready: number, fullSize: number): boolean {
  return ready >= sizeFor(share, fullSize);
}

/** The share that `size` of `fullSize` replicas can carry, in whole steps of the router's granularity, rounded down. */
export function shareFor(size: number, fullSize: number, granularity: Weight): Weight {
  const share = Math.min(WHOLE, Math.floor((size * WHOLE) / fullSize));
  return weight(share === WHOLE ? WHOLE : share - (share % granularity));
}
