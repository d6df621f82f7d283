// Which test of a service is under way, and how does it tell users apart?
import { poolOf, rolloutName, underWay, type ServiceState } from "../engine/state.ts";
import type { Trouble } from "../issues.ts";
import type { AbTestSpec, Conversions } from "../spec/ab-test.ts";
import type { StrategySpec } from "../spec/strategy.ts";
import type { AbPlan } from "../stats/ab/judge.ts";
import type { Ms } from "../units.ts";
import { assigner } from "./assign.ts";

/** A test that is under way. */
export interface RunningTest {
  readonly service: string;
  readonly rollout: number;
  readonly plan: AbPlan;
  readonly conversions: Conversions;
  /** When the rollout began. */
  readonly startedMs: Ms;
  /** Since when users are shared out as planned. Who was seen before was not, and does not count. */
  readonly sinceMs: Ms;
  /** Which variant a user has, by the key that the proxy goes by; not there when rules decide. */
  readonly assign?: ((key: string) => string | undefined) | undefined;
  /** The pools of the variants. */
  readonly pools: { readonly control: string | undefined; readonly treatment: string | undefined };
}

/** The test that a strategy asks for. */
function asTest(strategy: StrategySpec | AbTestSpec): AbTestSpec | undefined {
  return strategy.kind === "abTest" ? strategy : undefined;
}

/** The test of a service that is under way. */
export function runningTest(state: ServiceState): RunningTest | undefined {
  const rollout = underWay(state);
  const step = rollout?.phase === "forward" ? rollout.program.steps[rollout.cursor] : undefined;
  const spec = asTest(state.spec.spec.strategy);
  if (!rollout || step?.op !== "test" || !spec) return undefined;
  const { sticky, weights } = state.split;
  const { plan } = step;
  return {
    service: state.service,
    rollout: rollout.number,
    plan,
    conversions: spec.conversions,
    startedMs: rollout.startedMs,
    sinceMs: rollout.stepSinceMs,
    ...(sticky && !spec.matches && { assign: assigner({ names: plan.names, weights, salt: sticky.salt }) }),
    pools: { control: poolOf(state, "stable")?.pool, treatment: poolOf(state, "canary")?.pool },
  };
}

/** Why events of a service are not taken now. */
export function noTest(state: ServiceState): Trouble {
  const rollout = underWay(state);
  const step = rollout?.program.steps[rollout.cursor];
  const found = rollout
    ? `${rolloutName(state)} is under way, at ${step ? `its step ${rollout.cursor + 1} of ${rollout.program.steps.length} (${step.op})` : "its end"}`
    : `no rollout is under way${state.rollouts > 0 ? `; ${rolloutName(state)} was the last` : ""}`;
  return {
    code: "SERIN_NO_TEST",
    what: `no A/B test of ${state.service} is under way, so its events are not counted`,
    found,
    next: "send events from when the test's step begins until it ends",
  };
}
