// Which steps bring a version to a few users first, and then to more?
import type { StepSpec } from "../spec/steps.ts";
import type { CanarySpec, RampSpec } from "../spec/strategy.ts";
import { all, type Weights } from "../split.ts";
import { NOTHING, WHOLE, percent, weight, type Weight } from "../units.ts";
import { sizeFor } from "./capacity.ts";
import type { Step } from "./step.ts";
import { judgement, type Compiled, type Frame, type PlanIssue } from "./strategy.ts";

/** What the steps so far have brought about. */
interface Reached {
  readonly size: number;
  readonly share: Weight;
}

export function compileCanary(canary: CanarySpec, frame: Frame): Compiled {
  if (canary.ramp) return compileRamp(canary.ramp, canary, frame);
  let reached: Reached = { size: 0, share: NOTHING };
  const steps: Step[] = [];
  for (const step of canary.steps) {
    steps.push(...shift(step, { canary, frame, reached }), ...waits(step, frame));
    reached = next(reached, step, frame);
  }
  if (reached.share < WHOLE) steps.push(...takeOver({ canary, frame, reached }));
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [...finerThanRouter(canary, frame), ...withoutBaseline(canary, frame)] };
}

/** One replica to begin with; the ramp brings up what each share needs. */
function compileRamp(ramp: RampSpec, canary: CanarySpec, frame: Frame): Compiled {
  const baseline = canary.baseline === "same-size";
  const reached = { size: sizeFor(ramp.to, frame.fullSize), share: ramp.to };
  const steps: Step[] = [{ op: "scale", role: "canary", size: 1 }];
  if (baseline) steps.push({ op: "scale", role: "baseline", size: 1 });
  steps.push({ op: "ramp", to: ramp.to, harm: ramp.harm, baseline });
  if (ramp.minBakeMs > 0) steps.push({ op: "hold", durationMs: ramp.minBakeMs });
  if (ramp.judge) steps.push(judgement(ramp.judge, frame));
  if (ramp.to < WHOLE) steps.push(...takeOver({ canary, frame, reached }));
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [...coarse(ramp, frame), ...withoutBaseline(canary, frame)] };
}

function coarse({ to }: RampSpec, { abilities: { router } }: Frame): readonly PlanIssue[] {
  if (to % router.granularity === 0) return [];
  const message = `found ${percent(to)}, the router takes weights in steps of ${percent(router.granularity)}`;
  return [{ path: "spec.strategy.canary.ramp.max", code: "unable", message }];
}

interface At {
  readonly canary: CanarySpec;
  readonly frame: Frame;
  readonly reached: Reached;
}

/** The pools grow before they get more; they never shrink on the way, so that a lower share needs no new start. */
function shift({ weight: share }: StepSpec, at: At): readonly Step[] {
  const { canary, frame, reached } = at;
  if (share === undefined) return [];
  if (share === WHOLE) return takeOver(at);
  const size = sizeFor(share, frame.fullSize);
  const grow: Step[] = [];
  if (size > reached.size) {
    grow.push({ op: "scale", role: "canary", size });
    if (canary.baseline === "same-size") grow.push({ op: "scale", role: "baseline", size });
  }
  return [...grow, { op: "route", weights: weights(canary, share) }];
}

/** A baseline is as large as the canary, in traffic as in replicas: its share is taken from stable. */
function weights({ baseline }: CanarySpec, share: Weight): Weights {
  return canaryWeights(share, baseline === "same-size");
}

/** The weights at a share of the canary. */
export function canaryWeights(share: Weight, hasBaseline: boolean): Weights {
  const rest = weight(WHOLE - (hasBaseline ? 2 : 1) * share);
  return {
    canary: share,
    ...(hasBaseline ? { baseline: share } : {}),
    ...(rest > 0 ? { stable: rest } : {}),
  };
}

/** Everyone gets the canary. Stable stays at its full size until then, so that the way back is always open. */
function takeOver({ canary, frame: { fullSize }, reached }: At): readonly Step[] {
  const steps: Step[] = [];
  if (reached.size < fullSize) steps.push({ op: "scale", role: "canary", size: fullSize });
  steps.push({ op: "route", weights: all("canary") });
  if (canary.baseline === "same-size") steps.push({ op: "retire", role: "baseline" });
  return steps;
}

function waits({ holdMs, judge, gate }: StepSpec, frame: Frame): readonly Step[] {
  const steps: Step[] = [];
  if (holdMs !== undefined) steps.push({ op: "hold", durationMs: holdMs });
  if (judge) steps.push(judgement(judge, frame));
  if (gate !== undefined) steps.push({ op: "gate", what: gate });
  return steps;
}

function next(reached: Reached, { weight: share }: StepSpec, { fullSize }: Frame): Reached {
  if (share === undefined) return reached;
  return { share, size: Math.max(reached.size, sizeFor(share, fullSize)) };
}

function finerThanRouter({ steps, shorthand }: CanarySpec, { abilities }: Frame): readonly PlanIssue[] {
  const { granularity } = abilities.router;
  return steps.flatMap(({ weight: share }, index) => {
    if (share === undefined || share % granularity === 0) return [];
    const below = weight(share - (share % granularity));
    const near = [below, weight(below + granularity)].filter((value) => value > 0).map(percent);
    return {
      path: `spec.strategy.canary${shorthand ? "" : `.steps[${index}].weight`}`,
      code: "unable",
      message: `found ${percent(share)}, the router takes weights in steps of ${percent(granularity)}: ${near.join(" or ")}`,
    };
  });
}

function withoutBaseline({ baseline }: CanarySpec, { abilities }: Frame): readonly PlanIssue[] {
  if (baseline === "stable") return [];
  const who = [
    ...(abilities.workload.baseline ? [] : ["the workload cannot run a fresh copy of stable beside it"]),
    ...(abilities.router.baseline ? [] : ["the router cannot send a share to a baseline"]),
  ];
  return who.map((why) => ({
    path: "spec.strategy.canary.baseline",
    code: "unable",
    message: `found same-size, ${why}: use stable`,
  }));
}
