// Which rollout files and which revisions are simulated?
import type { Behaviour } from "../../src/adapters/memory/workload.ts";
import { ms } from "../../src/core/units.ts";
import type { Answers } from "../../src/rehearse/traffic.ts";

export { applyOf, rolloutOf } from "../../src/rehearse/ask.ts";

/** How a revision turns out to be. */
export type Quality = "good" | "errors" | "slow" | "never" | "crashing" | "cold" | "other";

export const QUALITIES: readonly Quality[] = ["good", "errors", "slow", "never", "crashing", "cold", "other"];

const GOOD: Answers = { errors: 0.001, p50Ms: 20, p99Ms: 120 };

export const ANSWERS: Readonly<Record<Quality, Answers>> = {
  good: GOOD,
  errors: { ...GOOD, errors: 0.5 },
  slow: { ...GOOD, p50Ms: 60, p99Ms: 400 },
  never: GOOD,
  crashing: GOOD,
  cold: { ...GOOD, cold: { factor: 4, untilMs: 4_000 } },
  other: { ...GOOD, differs: 0.25 },
};

export const BEHAVIOURS: Readonly<Record<Quality, Behaviour>> = {
  good: {},
  errors: {},
  slow: {},
  never: { readyAfterMs: "never" },
  crashing: { readyAfterMs: ms(1_500), crashAfterMs: ms(2_500), why: "exited with code 1: out of memory" },
  cold: { readyAfterMs: ms(5_000) },
  other: {},
};

/** What a rollout file is made around: a strategy, and further lines below `spec`. */
interface Around {
  readonly strategy: string;
  readonly more?: string;
}

/** A rollout file around a strategy. */
export function fileOf(name: string, replicas: number, { strategy, more = "" }: Around): string {
  return `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: ${name} }
spec:
  workload: { process: { command: [serve], replicas: ${replicas}, drain: 5s } }
  traffic: { proxy: { listen: 8080 } }
  progressDeadline: 20s
  strategy: ${strategy}
${more}${strategy.includes("recreate") ? "" : "  analysis: { falseRollback: 0.01%, warmup: 6s, metrics: [{ preset: success-rate }, { preset: latency-p99 }] }"}
`;
}

/** Strategies as files write them; short, so that a run is. */
export const STRATEGIES: Readonly<Record<string, string>> = {
  canary: `{ canary: { steps: [{ weight: 10%, hold: 10s }, { weight: 50%, judge: { atLeast: 5s, atMost: 20s, undecided: goOn } }] } }`,
  sameSize: `{ canary: { baseline: same-size, steps: [{ weight: 20%, hold: 8s }, { weight: 40%, judge: { atLeast: 5s, atMost: 20s, undecided: goOn } }] } }`,
  shorthand: `{ canary: { stepWeight: 25, maxWeight: 50, interval: 8s } }`,
  downAndUp: `{ canary: { steps: [{ weight: 20%, hold: 8s }, { weight: 5%, down: true, hold: 5s }, { weight: 50%, hold: 10s }] } }`,
  gated: `{ canary: { steps: [{ weight: 10%, hold: 5s }, { gate: look }, { weight: 50%, hold: 5s }] } }`,
  rolling: `{ rolling: { maxSurge: 1, hold: 5s } }`,
  rollingJudge: `{ rolling: { maxSurge: 25%, judge: { atLeast: 5s, atMost: 15s, undecided: goOn } } }`,
  recreate: `{ recreate: {} }`,
  rollingMissing: `{ rolling: { maxSurge: 0, maxUnavailable: 1, hold: 3s } }`,
  rollingBoth: `{ rolling: { maxSurge: 25%, maxUnavailable: 25%, judge: { atLeast: 5s, atMost: 15s, undecided: goOn } } }`,
  blueGreen: `{ blueGreen: { preview: [{ header: { x-preview: "1" } }], hold: 3s, keepOld: 10s } }`,
  blueGreenMirror: `{ blueGreen: { replicas: 50%, mirror: { share: 50%, hold: 5s, judge: { atMost: 10s, undecided: goOn } }, keepOld: 5s } }`,
  blueGreenManual: `{ blueGreen: { promotion: manual, keepOld: 0s } }`,
  shadow: `{ shadow: { share: 50%, compare: { atLeast: 200 }, hold: 5s } }`,
  shadowCanary: `{ shadow: { hold: 5s, compare: { atLeast: 100 }, next: { canary: { steps: [{ weight: 25%, hold: 5s }] } } } }`,
  experiment: `{ experiment: { share: 20%, for: 15s } }`,
  rivals: `{ experiment: { share: 15%, for: 15s, candidates: [{ name: r2, env: { A: 1 } }, { name: r3, env: { A: 2 } }] } }`,
  matched: `{ canary: { steps: [{ match: [{ header: { x-beta: "1" } }], hold: 5s }, { weight: 10%, replicas: 2, hold: 5s }, { weight: 50%, match: [], hold: 5s }], watch: 5s } }`,
  stepsBack: `{ canary: { stepsBack: 2, steps: [{ weight: 10%, hold: 5s }, { weight: 30%, hold: 5s }, { weight: 50%, hold: 5s }] } }`,
};
