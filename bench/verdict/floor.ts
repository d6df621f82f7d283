// What is the least that any test of this strictness needs?
import { slowerShare } from "./latency.ts";
import type { Traffic } from "./traffic.ts";

/** KL(a ‖ b) of two Bernoulli variables. */
function divergence(a: number, b: number): number {
  const part = (p: number, q: number): number => (p > 0 ? p * Math.log(p / q) : 0);
  return part(a, b) + part(1 - a, 1 - b);
}

/**
 * What one canary request brings to the best test at this share, both arms together: the smallest divergence from equal
 * failure probabilities (Wald 1945; Kullback, Leibler 1951).
 */
export function informationOf([canary, baseline]: readonly [number, number], share: number): number {
  const pooled = share * canary + (1 - share) * baseline;
  if (pooled <= 0 || pooled >= 1) return 0;
  return divergence(canary, pooled) + ((1 - share) / share) * divergence(baseline, pooled);
}

/** Pairs of shares, canary and baseline, that a test may compare: errors, and latencies beyond each threshold. */
function pairsOf(traffic: Traffic): readonly (readonly [number, number])[] {
  const { stable, canary } = traffic;
  const errors = [canary.errors, stable.errors] as const;
  if (!traffic.latency) return [errors];
  const thresholds = Array.from({ length: 800 }, (_, i) => stable.p50Ms * 0.2 * 1.01 ** i);
  return [errors, ...thresholds.map((tau) => [slowerShare(canary, tau), slowerShare(stable, tau)] as const)];
}

export interface Floor {
  readonly seconds: number;
  readonly requests: number;
}

/** When the best test of level `alpha` decides in the mean; undefined when the rollout ends before. */
export function floorOf(traffic: Traffic, alpha: number): Floor | undefined {
  const pairs = pairsOf(traffic);
  let [left, seconds, requests] = [Math.log(1 / alpha), 0, 0];
  for (const stage of traffic.stages) {
    const each = Math.max(...pairs.map((pair) => informationOf(pair, stage.share)));
    const rate = traffic.rps * stage.share;
    const lasts = stage.seconds * stage.looks;
    if (each > 1e-12 && left <= each * rate * lasts) {
      return { seconds: seconds + left / (each * rate), requests: requests + left / each };
    }
    left -= each * rate * lasts;
    seconds += lasts;
    requests += rate * lasts;
  }
  return undefined;
}
