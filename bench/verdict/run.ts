// When does who take one simulated candidate back?
import { carriedOf } from "../../src/core/stats/contrast.ts";
import { totalsOf } from "../../src/core/stats/errors.ts";
import { intervalOf } from "../../src/core/stats/interval.ts";
import type { AnalysisPlan } from "../../src/core/stats/plan.ts";
import { look, startAnalysis, type AnalysisState } from "../../src/core/stats/verdict.ts";
import { Peers } from "./peers.ts";
import { rolloutOf, type Traffic } from "./traffic.ts";

/** What is asked of a rollout. */
export interface Case {
  readonly traffic: Traffic;
  /** By name; all see the same requests. */
  readonly plans: Readonly<Record<string, AnalysisPlan>>;
  /** `worse`: when it is shown; `go`: when `no-worse` is; `interval`: whether it ever misses. */
  readonly asks: "worse" | "go" | "interval";
  readonly runs: number;
  /** The peers judge only so many of the runs, and plans after the first only so many. */
  readonly peerRuns: number;
  readonly otherRuns: number;
  /** Ends at the first look that holds so many canary requests. */
  readonly untilRequests?: number;
}

/** Seconds and canary requests until then; what never happened is absent. */
export type Outcome = Readonly<Record<string, readonly [seconds: number, requests: number]>>;

export const ALPHAS = [0.01, 0.05] as const;

/** The name of a plan at a strictness. */
export const at = (plan: string, alpha: number): string => `${plan} ${alpha}`;

/** One plan under way. */
interface Under {
  readonly name: string;
  readonly plan: AnalysisPlan;
  state: AnalysisState;
  open: boolean;
}

function missed(one: Under, truth: number): boolean {
  const [metric] = one.state.metrics;
  if (metric?.kind !== "errors") return false;
  const interval = intervalOf(metric.difference, totalsOf(metric.contrast, carriedOf(metric)));
  return interval !== undefined && (truth < interval[0] || truth > interval[1]);
}

/** Notes what a plan says after a look; closes it when it can say no more. */
function note(one: Under, asked: Case, say: (name: string) => void): void {
  if (asked.asks === "worse") {
    for (const alpha of ALPHAS) if (one.state.top >= Math.log(1 / alpha)) say(at(one.name, alpha));
    one.open = one.state.top < Math.log(1 / ALPHAS[0]);
  } else if (asked.asks === "go") {
    const needed = Math.log(1 / one.plan.falseGo);
    if (one.state.metrics.every((metric) => "go" in metric && metric.go.top >= needed)) {
      say(one.name);
      one.open = false;
    }
  } else {
    const { canary, stable } = asked.traffic;
    if (missed(one, canary.errors - stable.errors)) {
      say(one.name);
      one.open = false;
    }
  }
}

/** One rollout; `index` is also its seed. */
export function runOf(asked: Case, index: number): Outcome {
  const { background, looks } = rolloutOf(asked.traffic, index);
  const outcome: Record<string, readonly [number, number]> = {};
  const plans = Object.entries(asked.plans).slice(0, index < asked.otherRuns ? undefined : 1);
  const under: Under[] = plans.map(([name, plan]) => ({
    name,
    plan,
    state: startAnalysis(plan, background),
    open: true,
  }));
  const peers = index < asked.peerRuns ? new Peers(asked.traffic.latency) : undefined;
  let requests = 0;
  for (const { seen, seconds } of looks) {
    for (const row of seen.rows) if (row.arm === "canary") requests += row.requests;
    const say = (name: string): void => {
      outcome[name] ??= [seconds, requests];
    };
    for (const one of under) {
      if (!one.open) continue;
      one.state = look(one.plan, one.state, seen);
      note(one, asked, say);
    }
    for (const name of peers?.see(seen) ?? []) say(name);
    if (requests >= (asked.untilRequests ?? Infinity)) break;
    if (under.every((one) => !one.open) && (peers === undefined || peers.done.size === 3)) break;
  }
  return outcome;
}
