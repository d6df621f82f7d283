// How many pods of each version make a share, where requests are shared out evenly among all pods?
import type { Step } from "./step.ts";
import { WHOLE, weight, type Weight } from "../units.ts";

/** Pods of both versions, and the share that they make. */
export interface Counts {
  readonly stable: number;
  readonly canary: number;
  readonly share: Weight;
}

/**
 * The counts that come nearest to a share. `surge` is how many pods more than `fullSize` may run: where the share needs
 * more, stable is brought down, so that together there are `fullSize + surge`, and never fewer than `fullSize`. Of equally
 * near ones the fewest pods.
 */
export function countsFor(share: Weight, fullSize: number, surge: number): Counts {
  if (share >= WHOLE) return { stable: Math.min(fullSize, surge), canary: fullSize, share: weight(WHOLE) };
  if (share <= 0) return { stable: fullSize, canary: 0, share: weight(0) };
  let best: Counts | undefined;
  for (let canary = 1; canary <= fullSize; canary += 1) {
    const stable = Math.min(fullSize, fullSize + surge - canary);
    if (stable < 1) break;
    const made = { stable, canary, share: shareOfCounts(canary, stable) };
    if (!best || Math.abs(made.share - share) < Math.abs(best.share - share)) best = made;
  }
  // Nothing may run beside a single pod: there is no share between none and all.
  return best ?? { stable: 0, canary: fullSize, share: weight(WHOLE) };
}

/** The share of one version's pods among all. */
export function shareOfCounts(canary: number, others: number): Weight {
  return weight(Math.round((WHOLE * canary) / (canary + others)));
}

/** Pods of both versions. */
export interface Standing {
  readonly stable: number;
  readonly size: number;
}

interface Room {
  readonly fullSize: number;
  readonly surge?: number | undefined;
}

/** The way from some counts to others, as fast as the surge allows and never below the full size. */
export function recounted(from: Standing, to: Standing, { fullSize, surge = 0 }: Room): readonly Step[] {
  const steps: Step[] = [];
  let { stable, size } = from;
  const scale = (role: "stable" | "canary", count: number): void => {
    if (count === (role === "stable" ? stable : size)) return;
    if (role === "stable") stable = count;
    else size = count;
    steps.push({ op: "scale", role, size: count });
  };
  // Each turn brings one of them nearer: there is room for one more, or more than the full size to take from.
  while (stable !== to.stable || size !== to.size) {
    const [before, room] = [steps.length, fullSize + surge - stable - size];
    if (size < to.size) scale("canary", Math.min(to.size, size + room));
    else if (stable < to.stable) scale("stable", Math.min(to.stable, stable + room));
    const spare = Math.max(0, stable + size - fullSize);
    if (stable > to.stable) scale("stable", Math.max(to.stable, stable - spare));
    else if (size > to.size) scale("canary", Math.max(to.size, size - spare));
    if (steps.length === before) break;
  }
  return steps;
}
