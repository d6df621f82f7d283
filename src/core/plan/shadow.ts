// Which steps send a version copies of requests, and what may follow?
import type { ShadowSpec } from "../spec/shadow.ts";
import { all } from "../split.ts";
import { NOTHING } from "../units.ts";
import { canarySteps } from "./canary.ts";
import { sizeFor } from "./capacity.ts";
import { mirrorOf, previewed, rulesFor, unmatched, unmirrored } from "./rules.ts";
import type { Step } from "./step.ts";
import { judgement, type Compiled, type Frame, type PlanIssue } from "./strategy.ts";

const PATH = "spec.strategy.shadow";

export function compileShadow(shadow: ShadowSpec, frame: Frame): Compiled {
  const size = sizeFor(shadow.share, frame.fullSize);
  const steps: Step[] = [{ op: "scale", role: "canary", size }];
  if (shadow.noise) steps.push({ op: "scale", role: "baseline", size });
  steps.push(...previewed([], frame), copies(shadow, frame));
  if (shadow.holdMs !== undefined) steps.push({ op: "hold", durationMs: shadow.holdMs });
  if (shadow.compare) {
    const { atLeast, alpha, found } = shadow.compare;
    steps.push({ op: "compare", atLeast, alpha, found });
  }
  if (shadow.judge) steps.push(judgement(shadow.judge, frame));
  if (!shadow.next) {
    const what = "the new version answered copies of users' requests";
    return { steps: [...steps, { op: "conclude", what }], issues: unable(shadow, frame) };
  }
  steps.push({ op: "route", weights: all("stable"), ...rulesFor([], frame) });
  if (shadow.noise && shadow.next.baseline !== "same-size") steps.push({ op: "retire", role: "baseline" });
  const canary = canarySteps(shadow.next, frame, {
    stable: frame.fullSize,
    size,
    baselineSize: shadow.noise ? size : 0,
    share: NOTHING,
    match: [],
    path: `${PATH}.next.canary`,
  });
  return { steps: [...steps, ...canary.steps], issues: [...unable(shadow, frame), ...canary.issues] };
}

function copies(shadow: ShadowSpec, frame: Frame): Step {
  const mirror = mirrorOf(shadow, {
    to: shadow.noise ? ["canary", "baseline"] : ["canary"],
    ...(shadow.compare ? { compare: { ignore: shadow.compare.ignore } } : {}),
  });
  return { op: "route", weights: all("stable"), ...rulesFor([], frame), mirror };
}

function unable({ match, noise, compare }: ShadowSpec, { abilities }: Frame): readonly PlanIssue[] {
  const message = "the workload cannot run a fresh copy of stable beside it: noise: false goes without";
  return [
    ...unmirrored(abilities.router, PATH, compare !== undefined),
    ...unmatched(match, abilities.router, `${PATH}.match`),
    ...(noise && !abilities.workload.baseline ? [{ path: `${PATH}.noise`, code: "unable", message }] : []),
  ];
}
