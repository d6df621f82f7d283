// Which steps compare candidates with a fresh copy of stable, and promote nothing?
import type { ExperimentSpec } from "../spec/experiment.ts";
import { RIVALS, type Role, type Weights } from "../split.ts";
import { WHOLE, percent, weight, type Weight } from "../units.ts";
import { sizeFor } from "./capacity.ts";
import { previewed, rulesFor } from "./rules.ts";
import type { Step } from "./step.ts";
import type { Compiled, Frame, PlanIssue } from "./strategy.ts";

const PATH = "spec.strategy.experiment";

export function compileExperiment({ share, durationMs, rivals }: ExperimentSpec, frame: Frame): Compiled {
  const size = sizeFor(share, frame.fullSize);
  const roles: readonly Role[] = ["canary", ...RIVALS.slice(0, rivals.length), "baseline"];
  const rest = weight(WHOLE - roles.length * share);
  const weights: Weights = {
    ...Object.fromEntries(roles.map((role) => [role, share])),
    ...(rest > 0 ? { stable: rest } : {}),
  };
  const steps: Step[] = [
    ...roles.map((role): Step => ({ op: "scale", role, size })),
    ...previewed([], frame),
    { op: "route", weights, ...rulesFor([], frame) },
    { op: "hold", durationMs },
    { op: "conclude", what: "the experiment's time is over" },
  ];
  return { steps, issues: [...unable(frame), ...coarse(share, frame)] };
}

function coarse(share: Weight, { abilities: { router } }: Frame): readonly PlanIssue[] {
  if (share % router.granularity === 0) return [];
  const message = `found ${percent(share)}, the router takes weights in steps of ${percent(router.granularity)}`;
  return [{ path: `${PATH}.share`, code: "unable", message }];
}

function unable({ abilities: { router, workload } }: Frame): readonly PlanIssue[] {
  const who = [
    ...(workload.baseline ? [] : ["the workload cannot run a fresh copy of stable beside it"]),
    ...(router.baseline ? [] : ["the router cannot send a share to a baseline"]),
  ];
  return who.map((message) => ({ path: PATH, code: "unable", message }));
}
