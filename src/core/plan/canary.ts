// Which steps bring a version to a few users first, and then to more?
import type { Condition } from "../match.ts";
import type { CanarySpec, RampSpec } from "../spec/canary.ts";
import { replicasOf } from "../spec/sizes.ts";
import type { StepSpec } from "../spec/steps.ts";
import { all, type Weights } from "../split.ts";
import { NOTHING, WHOLE, percent, weight, type Weight } from "../units.ts";
import { sizeFor } from "./capacity.ts";
import { countsFor, recounted } from "./counts.ts";
import { lastTaken, leastOf, replaced, taken } from "./in-place.ts";
import type { Step } from "./step.ts";
import { hookStep } from "./hooks.ts";
import { previewed, rulesFor, unmatched } from "./rules.ts";
import { judgement, type Compiled, type Frame, type PlanIssue } from "./strategy.ts";

/** What the steps so far have brought about. */
interface Reached {
  /** Ready replicas of stable. */
  readonly stable: number;
  readonly size: number;
  readonly baselineSize: number;
  readonly share: Weight;
  /** Requests that go to the canary whatever its share. */
  readonly match: readonly (readonly Condition[])[];
  /** Where the canary stands in the file. */
  readonly path: string;
}

export function compileCanary(canary: CanarySpec, frame: Frame): Compiled {
  return canarySteps(canary, frame, {
    stable: frame.fullSize,
    size: 0,
    baselineSize: 0,
    share: NOTHING,
    match: [],
    path: "spec.strategy.canary",
  });
}

/** The steps of a canary, from what there is already. */
export function canarySteps(canary: CanarySpec, frame: Frame, from: Reached): Compiled {
  if (canary.ramp) return compileRamp(canary.ramp, { canary, frame, reached: from });
  let reached = from;
  const steps: Step[] = [];
  for (const step of canary.steps) {
    steps.push(...shift(step, { canary, frame, reached }), ...waits(step, frame));
    reached = next(reached, step, frame);
  }
  if (reached.share < WHOLE) steps.push(...takeOver({ canary, frame, reached }));
  steps.push(...watched(canary), ...(frame.inPlace ? lastTaken(frame) : []));
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  const issues = [...unable(canary, frame, from.path), ...withoutBaseline(canary, frame, from.path)];
  return { steps, issues, ...leastOf(frame) };
}

/** The old version stays for a while at its full size. */
function watched({ watchMs }: CanarySpec): readonly Step[] {
  return watchMs === undefined ? [] : [{ op: "hold", durationMs: watchMs, keepsOld: true }];
}

/** One replica to begin with; the ramp brings up what each share needs. */
function compileRamp(ramp: RampSpec, { canary, frame, reached: from }: At): Compiled {
  const baseline = canary.baseline === "same-size";
  const reached = { ...from, size: Math.max(from.size, sizeFor(ramp.to, frame.fullSize)), share: ramp.to };
  const steps: Step[] = from.size === 0 ? [{ op: "scale", role: "canary", size: 1 }, ...previewed([], frame)] : [];
  if (baseline) steps.push({ op: "scale", role: "baseline", size: Math.max(1, from.size) });
  steps.push({ op: "ramp", to: ramp.to, harm: ramp.harm, baseline });
  if (ramp.minBakeMs > 0) steps.push({ op: "hold", durationMs: ramp.minBakeMs });
  if (ramp.judge) steps.push(judgement(ramp.judge, frame));
  if (ramp.to < WHOLE) steps.push(...takeOver({ canary, frame, reached }));
  steps.push(...watched(canary), { op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: [...coarse(ramp, frame, from.path), ...withoutBaseline(canary, frame, from.path)] };
}

function coarse({ to }: RampSpec, { abilities: { router }, surge }: Frame, path: string): readonly PlanIssue[] {
  if (surge !== undefined) {
    const message = "a ramp needs a router with weights, and counts of pods make only some shares: use steps";
    return [{ path: `${path}.ramp`, code: "unable", message }];
  }
  if (to % router.granularity === 0) return [];
  const message = `found ${percent(to)}, the router takes weights in steps of ${percent(router.granularity)}`;
  return [{ path: `${path}.ramp.max`, code: "unable", message }];
}

interface At {
  readonly canary: CanarySpec;
  readonly frame: Frame;
  readonly reached: Reached;
}

/** The pools grow before they get more; they never shrink on the way, so that a lower share needs no new start. */
function shift(step: StepSpec, at: At): readonly Step[] {
  const { canary, frame, reached } = at;
  if (step.weight === WHOLE) return takeOver(at);
  const { stable, size, baselineSize, share, match } = next(reached, step, frame);
  const hasBaseline = canary.baseline === "same-size" && share > 0;
  const steps: Step[] = [];
  if (frame.inPlace) steps.push(...replaced(reached, size, frame));
  else if (frame.surge !== undefined) steps.push(...recounted(reached, { stable, size }, frame));
  else if (size > reached.size) steps.push({ op: "scale", role: "canary", size });
  if (reached.size === 0 && size > 0 && match.length === 0) steps.push(...previewed([], frame));
  if (hasBaseline && baselineSize > reached.baselineSize)
    steps.push({ op: "scale", role: "baseline", size: baselineSize });
  if (step.weight === undefined && step.match === undefined) return steps;
  const weights = share === 0 ? all("stable") : canaryWeights(share, hasBaseline);
  const asked = step.weight !== undefined && step.weight !== share ? { asked: step.weight } : {};
  return [...steps, { op: "route", weights, ...rulesFor(match, frame), ...asked }];
}

/** The weights at a share of the canary. A baseline gets as much: its share is taken from stable. */
export function canaryWeights(share: Weight, hasBaseline: boolean): Weights {
  const rest = weight(WHOLE - (hasBaseline ? 2 : 1) * share);
  return {
    canary: share,
    ...(hasBaseline ? { baseline: share } : {}),
    ...(rest > 0 ? { stable: rest } : {}),
  };
}

/** Everyone gets the canary. Stable stays at its full size until then, so that the way back is always open. */
function takeOver({ canary, frame, reached }: At): readonly Step[] {
  const { fullSize, surge } = frame;
  if (frame.inPlace) return taken(reached, frame);
  const steps: Step[] = [];
  if (surge !== undefined)
    steps.push(...recounted(reached, { stable: Math.min(reached.stable, surge), size: fullSize }, frame));
  else if (reached.size < fullSize) steps.push({ op: "scale", role: "canary", size: fullSize });
  steps.push({ op: "route", weights: all("canary") });
  if (canary.baseline === "same-size") steps.push({ op: "retire", role: "baseline" });
  return steps;
}

function waits({ run, holdMs, judge, gate }: StepSpec, frame: Frame): readonly Step[] {
  const steps: Step[] = frame.hooks
    .filter(({ at, name }) => at === "step" && name === run)
    .map((hook) => hookStep(hook));
  if (holdMs !== undefined) steps.push({ op: "hold", durationMs: holdMs });
  if (judge) steps.push(judgement(judge, frame));
  if (gate) steps.push({ op: "gate", ...gate });
  return steps;
}

/**
 * What a step brings about. Pools only grow: each is as large as anything so far has needed. Where shares are made by
 * counts, each is as large as the share makes it.
 */
function next(reached: Reached, step: StepSpec, { fullSize, surge }: Frame): Reached {
  const { weight: share = reached.share, match = reached.match, replicas } = step;
  if (surge !== undefined && step.weight !== undefined) {
    const { stable, canary: size, share: made } = countsFor(share, fullSize, surge);
    return { ...reached, stable, size, share: made, match };
  }
  const own = sizeFor(share, fullSize);
  const asked = replicas === undefined ? 0 : replicasOf(replicas, fullSize);
  const isMatched = match.length > 0 ? 1 : 0;
  return {
    ...reached,
    share,
    match,
    size: Math.max(reached.size, own, asked, isMatched),
    baselineSize: Math.max(reached.baselineSize, own),
  };
}

function unable(canary: CanarySpec, frame: Frame, path: string): readonly PlanIssue[] {
  const { router } = frame.abilities;
  const rules = canary.steps.flatMap(({ match }, index) => unmatched(match, router, `${path}.steps[${index}].match`));
  return [...finerThanRouter(canary, frame, path), ...rules, ...tooFew(canary, frame, path)];
}

/** Replicas that a step names and that could not carry its share. */
function tooFew({ steps }: CanarySpec, { fullSize, surge }: Frame, path: string): readonly PlanIssue[] {
  if (surge !== undefined) return replicasMakeShares(steps, path);
  return steps.flatMap(({ replicas, weight: share }, index): PlanIssue[] => {
    if (replicas === undefined || share === undefined) return [];
    const [found, needed] = [replicasOf(replicas, fullSize), sizeFor(share, fullSize)];
    if (found >= needed) return [];
    const message = `found ${found}, ${percent(share)} of the traffic needs ${needed} of ${fullSize} replicas`;
    return [{ path: `${path}.steps[${index}].replicas`, code: "conflict", message }];
  });
}

/** Where counts make the shares, a step cannot name both. */
function replicasMakeShares(steps: CanarySpec["steps"], path: string): readonly PlanIssue[] {
  return steps.flatMap(({ replicas }, index): PlanIssue[] => {
    if (replicas === undefined) return [];
    const message = "the number of pods follows from the share here: take it out";
    return [{ path: `${path}.steps[${index}].replicas`, code: "conflict", message }];
  });
}

function finerThanRouter({ steps, shorthand }: CanarySpec, frame: Frame, path: string): readonly PlanIssue[] {
  const { granularity } = frame.abilities.router;
  return steps.flatMap(({ weight: share }, index) => {
    if (frame.surge !== undefined || share === undefined || share % granularity === 0) return [];
    const below = weight(share - (share % granularity));
    const near = [below, weight(below + granularity)].filter((value) => value > 0).map(percent);
    return {
      path: `${path}${shorthand ? "" : `.steps[${index}].weight`}`,
      code: "unable",
      message: `found ${percent(share)}, the router takes weights in steps of ${percent(granularity)}: ${near.join(" or ")}`,
    };
  });
}

function withoutBaseline({ baseline }: CanarySpec, { abilities }: Frame, path: string): readonly PlanIssue[] {
  if (baseline === "stable") return [];
  const who = [
    ...(abilities.workload.baseline ? [] : ["the workload cannot run a fresh copy of stable beside it"]),
    ...(abilities.router.baseline ? [] : ["the router cannot send a share to a baseline"]),
  ];
  return who.map((why) => ({
    path: `${path}.baseline`,
    code: "unable",
    message: `found same-size, ${why}: use stable`,
  }));
}
