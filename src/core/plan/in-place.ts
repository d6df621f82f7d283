// Which steps change replicas in their places, where two versions never have more of them than one?
import type { StrategySpec } from "../spec/strategy.ts";
import { all } from "../split.ts";
import type { Standing } from "./counts.ts";
import { compileRecreate } from "./recreate.ts";
import type { Step } from "./step.ts";
import type { Compiled, Frame, PlanIssue } from "./strategy.ts";

/** The way from some counts to others: whoever loses places leaves them first. */
export function replaced(from: Standing, size: number, { fullSize }: Pick<Frame, "fullSize">): readonly Step[] {
  if (size === from.size) return [];
  const canary: Step = { op: "scale", role: "canary", size };
  const stable: Step = { op: "scale", role: "stable", size: fullSize - size };
  return size > from.size ? [stable, canary] : [canary, stable];
}

/**
 * Everyone gets the candidate while stable has one place still, without requests: as long as it does, the way back is one of
 * places alone. Those that carry everything meanwhile are one fewer than all.
 */
export function taken(from: Standing, frame: Pick<Frame, "fullSize">): readonly Step[] {
  return [...replaced(from, frame.fullSize - 1, frame), { op: "route", weights: all("canary") }];
}

/** The last place. */
export function lastTaken({ fullSize }: Pick<Frame, "fullSize">): readonly Step[] {
  return replaced({ stable: 1, size: fullSize - 1 }, fullSize, { fullSize });
}

/** Replicas that carry everything while one changes. */
export function leastOf({ fullSize, inPlace }: Pick<Frame, "fullSize" | "inPlace">): Pick<Compiled, "leastSize"> {
  return inPlace && fullSize > 1 ? { leastSize: fullSize - 1 } : {};
}

/** The straight way to a known version. */
export function compileDirectInPlace(frame: Frame): Compiled {
  if (frame.fullSize === 1) return compileRecreate(frame);
  const steps: Step[] = [
    ...taken({ stable: frame.fullSize, size: 0 }, frame),
    ...lastTaken(frame),
    { op: "promote" },
    { op: "retire", role: "stable" },
  ];
  return { steps, issues: [], ...leastOf(frame) };
}

const ABLE: ReadonlySet<StrategySpec["kind"]> = new Set(["canary", "rolling", "recreate"]);

/** What cannot be done in place. */
export function unableInPlace({ kind }: StrategySpec, { inPlace, fullSize }: Frame): readonly PlanIssue[] {
  if (!inPlace || kind === "recreate") return [];
  const path = `spec.strategy.${kind}`;
  if (!ABLE.has(kind)) {
    const message = `${kind} needs another version beside all of stable, and here pods change in their places: use canary, rolling or recreate`;
    return [{ path, code: "unable", message }];
  }
  if (fullSize > 1) return [];
  const message =
    "found one replica, whose place a candidate would take, so that two versions never run: use recreate, or name the replicas that there are below spec.workload";
  return [{ path, code: "unable", message }];
}
