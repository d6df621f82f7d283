// Which steps bring up a version when there is nothing to compare it with?
import { all } from "../split.ts";
import type { Step } from "./step.ts";
import type { Compiled, Frame } from "./strategy.ts";

/** A first deployment, or a straight way back to a known version: ready at full size first, then everyone at once. */
export function compileFirst({ fullSize }: Frame, hasStable: boolean): Compiled {
  const steps: Step[] = [
    { op: "scale", role: "canary", size: fullSize },
    { op: "route", weights: all("canary") },
    { op: "promote" },
  ];
  if (hasStable) steps.push({ op: "retire", role: "stable" });
  return { steps, issues: [] };
}
