// Which steps replace the replicas batch by batch?
import { batchOf, type RollingSpec } from "../spec/rolling.ts";
import { all } from "../split.ts";
import { NOTHING, WHOLE, weight, type Weight } from "../units.ts";
import { shareFor, sizeFor } from "./capacity.ts";
import { shareOfCounts } from "./counts.ts";
import { lastTaken, leastOf, replaced, taken } from "./in-place.ts";
import type { Step } from "./step.ts";
import { judgement, type Compiled, type Frame } from "./strategy.ts";

export function compileRolling(rolling: RollingSpec, frame: Frame): Compiled {
  if (frame.inPlace) return rollingInPlace(rolling, frame);
  const { fullSize } = frame;
  const { surge, missing } = batchOf(rolling, fullSize);
  const least = fullSize - missing;
  const steps: Step[] = [];
  const scale = (role: "canary" | "stable", size: number): unknown => steps.push({ op: "scale", role, size });
  if (missing > 0) scale("stable", least);
  let [stable, share]: [number, Weight] = [least, NOTHING];
  let size = Math.min(fullSize, fullSize + surge - stable);
  while (size < least) {
    scale("canary", size);
    const before = share;
    if (frame.surge !== undefined) {
      // All pods get the same: the batch has its share once stable has made room for it.
      stable = Math.min(stable, least - size);
      scale("stable", stable);
      share = shareOfCounts(size, stable);
      steps.push(...shift(rolling, frame, share));
      size = Math.min(fullSize, Math.max(size + 1, fullSize + surge - stable));
      continue;
    }
    share = shareFor(size, least, frame.abilities.router.granularity);
    // A batch smaller than the router's smallest step gets its traffic with the next one.
    if (share > before) steps.push(...shift(rolling, frame, share));
    const needed = sizeFor(weight(WHOLE - share), least);
    if (needed < stable) scale("stable", needed);
    stable = Math.min(stable, needed);
    // A router with coarse steps leaves stable more than its part: then there is one more than asked for.
    size = Math.min(fullSize, Math.max(size + 1, fullSize + surge - stable));
  }
  scale("canary", size);
  steps.push({ op: "route", weights: all("canary") });
  if (size < fullSize) {
    scale("stable", 0);
    scale("canary", fullSize);
  }
  if (rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [], ...(missing > 0 ? { leastSize: least } : {}) };
}

/** A batch is as many as would be too many and missing together: which of both they are is not to be chosen in place. */
function rollingInPlace(rolling: RollingSpec, frame: Frame): Compiled {
  const { fullSize } = frame;
  const { surge, missing } = batchOf(rolling, fullSize);
  const steps: Step[] = [];
  let reached = { stable: fullSize, size: 0 };
  for (let size = surge + missing; size < fullSize - 1; size += surge + missing) {
    steps.push(...replaced(reached, size, frame), ...shift(rolling, frame, shareOfCounts(size, fullSize - size)));
    reached = { stable: fullSize - size, size };
  }
  steps.push(...taken(reached, frame));
  if (rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  steps.push(...lastTaken(frame), { op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [], ...leastOf(frame) };
}

/** Stable shrinks only after the batch was found good, and never below what its share of the traffic needs. */
function shift(rolling: RollingSpec, frame: Frame, share: Weight): readonly Step[] {
  const steps: Step[] = [{ op: "route", weights: { canary: share, stable: weight(WHOLE - share) } }];
  if (rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  if (rolling.judge) steps.push(judgement(rolling.judge, frame));
  return steps;
}
