// Which steps compare a version with a fresh copy of stable, and promote nothing?
import type { ExperimentSpec } from "../spec/experiment.ts";
import { canaryWeights } from "./canary.ts";
import { sizeFor } from "./capacity.ts";
import { previewed, rulesFor } from "./rules.ts";
import type { Step } from "./step.ts";
import type { Compiled, Frame, PlanIssue } from "./strategy.ts";

const PATH = "spec.strategy.experiment";

export function compileExperiment({ share, durationMs }: ExperimentSpec, frame: Frame): Compiled {
  const size = sizeFor(share, frame.fullSize);
  const steps: Step[] = [
    { op: "scale", role: "canary", size },
    { op: "scale", role: "baseline", size },
    ...previewed([], frame),
    { op: "route", weights: canaryWeights(share, true), ...rulesFor([], frame) },
    { op: "hold", durationMs },
    { op: "conclude", what: "the experiment's time is over" },
  ];
  return { steps, issues: unable(frame) };
}

function unable({ abilities: { router, workload } }: Frame): readonly PlanIssue[] {
  const who = [
    ...(workload.baseline ? [] : ["the workload cannot run a fresh copy of stable beside it"]),
    ...(router.baseline ? [] : ["the router cannot send a share to a baseline"]),
  ];
  return who.map((message) => ({ path: PATH, code: "unable", message }));
}
