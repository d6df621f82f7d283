// Which steps replace the replicas batch by batch?
import { replicasOf } from "../spec/sizes.ts";
import type { RollingSpec } from "../spec/strategy.ts";
import { all } from "../split.ts";
import { WHOLE, weight } from "../units.ts";
import { shareFor, sizeFor } from "./capacity.ts";
import type { Step } from "./step.ts";
import { judgement, type Compiled, type Frame } from "./strategy.ts";

export function compileRolling(rolling: RollingSpec, frame: Frame): Compiled {
  const { fullSize } = frame;
  const batch = replicasOf(rolling.maxSurge, fullSize);
  const steps: Step[] = [];
  for (let size = batch; size < fullSize; size += batch) steps.push(...oneBatch(rolling, frame, size));
  steps.push({ op: "scale", role: "canary", size: fullSize }, { op: "route", weights: all("canary") });
  if (rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [] };
}

/** Stable shrinks only after the batch was found good, and never below what its share of the traffic needs. */
function oneBatch(rolling: RollingSpec, frame: Frame, size: number): readonly Step[] {
  const { fullSize, abilities } = frame;
  const share = shareFor(size, fullSize, abilities.router.granularity);
  const rest = weight(WHOLE - share);
  const steps: Step[] = [{ op: "scale", role: "canary", size }];
  // A batch smaller than the router's smallest step gets its traffic with the next one.
  if (share > 0) steps.push({ op: "route", weights: { canary: share, stable: rest } });
  if (share > 0 && rolling.holdMs !== undefined) steps.push({ op: "hold", durationMs: rolling.holdMs });
  if (share > 0 && rolling.judge) steps.push(judgement(rolling.judge, frame));
  steps.push({ op: "scale", role: "stable", size: sizeFor(rest, fullSize) });
  return steps;
}
