// Which steps bring up all of a version, show it to a few, and switch once?
import type { BlueGreenSpec } from "../spec/blue-green.ts";
import { replicasOf } from "../spec/sizes.ts";
import { all } from "../split.ts";
import { sizeFor } from "./capacity.ts";
import { mirrorOf, previewed, rulesFor, unmatched, unmirrored } from "./rules.ts";
import type { Step } from "./step.ts";
import { judgement, type Compiled, type Frame, type PlanIssue } from "./strategy.ts";

const PATH = "spec.strategy.blueGreen";

export function compileBlueGreen(asked: BlueGreenSpec, frame: Frame): Compiled {
  const { fullSize } = frame;
  const size = asked.replicas === undefined ? fullSize : replicasOf(asked.replicas, fullSize);
  const steps: Step[] = [{ op: "scale", role: "canary", size }, ...previewed(asked.preview, frame)];
  const testable = steps.length;
  steps.push(...mirrored(asked, frame));
  if (asked.holdMs !== undefined) steps.push({ op: "hold", durationMs: asked.holdMs });
  if (asked.promotion === "manual") steps.push({ op: "gate", what: "switch all requests to the new version" });
  if (size < fullSize) steps.push({ op: "scale", role: "canary", size: fullSize });
  steps.push({ op: "route", weights: all("canary") });
  if (asked.keepOldMs > 0) steps.push({ op: "hold", durationMs: asked.keepOldMs, keepsOld: true });
  steps.push({ op: "promote" }, { op: "retire", role: "stable" });
  return { steps, testable, issues: unable(asked, frame, size) };
}

function mirrored({ mirror, preview }: BlueGreenSpec, frame: Frame): readonly Step[] {
  if (!mirror) return [];
  const copies = mirrorOf(mirror, { to: ["canary"] });
  const steps: Step[] = [{ op: "route", weights: all("stable"), ...rulesFor(preview, frame), mirror: copies }];
  if (mirror.holdMs !== undefined) steps.push({ op: "hold", durationMs: mirror.holdMs });
  if (mirror.judge) steps.push(judgement(mirror.judge, frame));
  // The copies end before the tests' answer is acted upon, so that the switch finds the version at rest.
  steps.push({ op: "route", weights: all("stable"), ...rulesFor(preview, frame) });
  return steps;
}

function unable({ mirror, preview }: BlueGreenSpec, frame: Frame, size: number): readonly PlanIssue[] {
  const { router } = frame.abilities;
  if (!mirror) return unmatched(preview, router, `${PATH}.preview`);
  const needed = sizeFor(mirror.share, frame.fullSize);
  const few = `found ${size}, copies of this share need ${needed}`;
  return [
    ...unmatched(preview, router, `${PATH}.preview`),
    ...unmatched(mirror.match, router, `${PATH}.mirror.match`),
    ...unmirrored(router, `${PATH}.mirror`, false),
    ...(size < needed ? [{ path: `${PATH}.replicas`, code: "conflict", message: few }] : []),
  ];
}
