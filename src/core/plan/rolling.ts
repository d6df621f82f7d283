// Which steps replace the replicas batch by batch?
import { replicasOf } from "../spec/sizes.ts";
import type { RollingSpec } from "../spec/strategy.ts";
import { all } from "../split.ts";
import { NOTHING, WHOLE, weight, type Weight } from "../units.ts";
import { shareFor, sizeFor } from "./capacity.ts";
import type { Step } from "./step.ts";
import { judgement, type Compiled, type Frame } from "./strategy.ts";

export function compileRolling(rolling: RollingSpec, frame: Frame): Compiled {
  const { fullSize } = frame;
  const batch = replicasOf(rolling.maxSurge, fullSize);
  const steps: Step[] = [];
  let share = NOTHING;
  for (let size = batch; size < fullSize; size += batch) {
    const before = share;
    share = shareFor(size, fullSize, frame.abilities.router.granularity);
    steps.push({ op: "scale", role: "canary", size });
    // A batch smaller than the router's smallest step gets its traffic with the next one.
    if (share > before) steps.push(...shift(rolling, frame, share));
  }
  steps.push({ op: "scale", role: "canary", size: fullSize }, { op: "route", weights: all("canary") });
  if (rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [] };
}

/** Stable shrinks only after the batch was found good, and never below what its share of the traffic needs. */
function shift(rolling: RollingSpec, frame: Frame, share: Weight): readonly Step[] {
  const rest = weight(WHOLE - share);
  const steps: Step[] = [{ op: "route", weights: { canary: share, stable: rest } }];
  if (rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  if (rolling.judge) steps.push(judgement(rolling.judge, frame));
  const size = sizeFor(rest, frame.fullSize);
  if (size < frame.fullSize) steps.push({ op: "scale", role: "stable", size });
  return steps;
}
