// Which service has a test under way, and which test is that?
import type { RunningTest } from "../../../src/core/ab/running.ts";
import type { ServiceState } from "../../../src/core/engine/state.ts";
import type { AbPlan } from "../../../src/core/stats/ab/judge.ts";
import { ms, weightOf, type Ms } from "../../../src/core/units.ts";

const PLAN: AbPlan = { names: { control: "blue", treatment: "green" }, alpha: 0.05, split: 0.5 };

export function testOf(over: Partial<RunningTest> = {}): RunningTest {
  return {
    service: "shop",
    rollout: 3,
    plan: PLAN,
    conversions: { kind: "events", goal: "order", withinMs: ms(60_000) },
    startedMs: ms(0),
    sinceMs: ms(0),
    pools: { control: "1-stable", treatment: "3-canary" },
    ...over,
  };
}

/** A service whose test is under way since `startedMs`: users are kept by a cookie, halves of them with each variant. */
export function stateOf(
  service: string,
  startedMs: Ms,
  over: { op?: string; conversions?: unknown } = {},
): ServiceState {
  const conversions = over.conversions ?? { kind: "events", goal: "order", withinMs: ms(60_000) };
  const state = {
    service,
    rollouts: 3,
    spec: { spec: { strategy: { kind: "abTest", conversions } } },
    split: {
      weights: { canary: weightOf(0.5), stable: weightOf(0.5) },
      sticky: { key: { kind: "cookie", name: "serin" }, salt: `${service}/3` },
    },
    pools: [
      { pool: "1-stable", role: "stable" },
      { pool: "3-canary", role: "canary" },
    ],
    rollout: {
      number: 3,
      phase: "forward",
      cursor: 0,
      startedMs,
      stepSinceMs: startedMs,
      program: { steps: [{ op: over.op ?? "test", plan: PLAN }] },
    },
  };
  // All that is looked at of a service while its test is under way.
  return state as unknown as ServiceState;
}
