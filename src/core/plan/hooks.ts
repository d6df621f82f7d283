// Where in a program are hooks called?
import type { HookAt, HookSpec } from "../outbox/message.ts";
import { shareOf } from "../split.ts";
import type { Step } from "./step.ts";
import type { Compiled } from "./strategy.ts";

/** A hook that is called once, or that is asked until it says go. */
export const hookStep = (hook: HookSpec): Step =>
  hook.mode === "gate"
    ? { op: "gate", what: hook.name, by: { kind: "hook", hook } }
    : { op: "run", hook: hook.at === "after" ? { ...hook, onFailure: "goOn" } : hook };

/** Steps that wait for something to be shown, said or over. */
const WAITS: ReadonlySet<Step["op"]> = new Set(["hold", "judge", "gate", "compare", "test", "ramp"]);

/** The steps with the hooks among them. Those of the way back, and those that repeat, are no steps. */
export function withHooks(
  { steps, testable = testableFrom(steps) }: Pick<Compiled, "steps" | "testable">,
  hooks: readonly HookSpec[],
): readonly Step[] {
  if (hooks.length === 0) return steps;
  const at = (name: HookAt): readonly Step[] =>
    hooks.filter((hook) => hook.at === name && hook.mode !== "rollback").map((hook) => hookStep(hook));
  const out: Step[] = [...at("start")];
  let share = 0;
  steps.forEach((step, index) => {
    if (index === testable) out.push(...at("before"));
    if (raisedTo(step) > share) out.push(...at("increase"));
    if (step.op === "promote") out.push(...at("promotion"));
    out.push(step);
    share = Math.max(share, raisedTo(step));
    const next = steps[index + 1];
    const isLastWait = WAITS.has(step.op) && (next === undefined || !WAITS.has(next.op));
    if (isLastWait && next?.op !== "promote" && next?.op !== "conclude") out.push(...at("between"));
  });
  return [...out, ...at("after")];
}

function raisedTo(step: Step): number {
  if (step.op === "ramp") return step.to;
  return step.op === "route" ? shareOf(step.weights, "canary") : 0;
}

/** After the first pools are there, and the second address shows them, and before anybody's request gets to them. */
function testableFrom(steps: readonly Step[]): number {
  return steps.findIndex((step) => step.op !== "scale" && step.op !== "retire" && !isPreview(step));
}

function isPreview(step: Step): boolean {
  if (step.op !== "route" || step.mirror || raisedTo(step) > 0) return false;
  return (step.matches ?? []).every(({ when }) => when.some(({ on }) => on === "listener"));
}
