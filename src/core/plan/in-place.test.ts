// Do versions that share places ever have more of them than there are, and what is refused?
import { expect, test } from "vitest";
import { STATEFUL_SET_ABILITIES, clusterRouter } from "../../adapters/kubernetes/abilities.ts";
import { parseRollout } from "../spec/parse.ts";
import { compile, type CompileResult } from "./compile.ts";
import type { Step } from "./step.ts";
import { sentence } from "./sentence.ts";

function compiled(strategy: string, replicas: number, direct = false): CompileResult {
  const parsed = parseRollout(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: db }
spec:
  workload: { statefulSet: { name: db, replicas: ${replicas} } }
  traffic: { service: { name: db } }
  strategy: { ${strategy} }
  analysis: { enabled: false }
`);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join());
  const { rollout } = parsed;
  const router = clusterRouter(rollout.spec.traffic);
  if (!router) throw new Error("a Service can route");
  return compile(rollout, { abilities: { router, workload: STATEFUL_SET_ABILITIES }, stable: true, direct });
}

function stepsOf(...asked: Parameters<typeof compiled>): readonly Step[] {
  const result = compiled(...asked);
  if (!result.ok) throw new Error(result.issues.map(({ message }) => message).join());
  return result.program.steps;
}

const CASES = [
  ["canary: { steps: [{ weight: 10%, hold: 1s }, { weight: 80%, hold: 1s }] }", 2],
  [
    "canary: { watch: 1m, steps: [{ weight: 10%, hold: 1s }, { weight: 50%, hold: 1s }, { weight: 20%, down: true, hold: 1s }] }",
    7,
  ],
  ["rolling: { maxSurge: 0, maxUnavailable: 1 }", 2],
  ["rolling: { maxSurge: 30%, hold: 1s }", 10],
] as const;

test.each(CASES)(
  "%s of %i: each place is one version's, and stable has one until everybody has the candidate",
  (strategy, replicas) => {
    for (const direct of [false, true]) {
      let [stable, canary] = [replicas as number, 0];
      const seen = stepsOf(strategy, replicas, direct).map((step) => {
        if (step.op === "scale" && step.role === "stable") stable = step.size;
        if (step.op === "scale" && step.role === "canary") canary = step.size;
        return { op: step.op, stable, canary };
      });
      expect(seen.filter((at) => at.stable + at.canary > replicas)).toEqual([]);
      const routed = seen.filter(({ op }) => op === "route");
      expect(routed.filter((at) => at.stable < 1 || at.stable + at.canary < replicas)).toEqual([]);
      expect(seen.find(({ op }) => op === "promote")).toEqual({ op: "promote", stable: 0, canary: replicas });
    }
  },
);

test("a canary of three, in words", () => {
  expect(stepsOf("canary: { steps: [{ weight: 30%, gate: look }] }", 3).map((step) => sentence(step)))
    .toMatchInlineSnapshot(`
    [
      "Bring stable to 2 ready replicas.",
      "Bring the canary to 1 ready replica.",
      "Send 33.3333% of the requests to the canary and 66.6667% to stable. Asked for was 30%; no counts of pods come nearer.",
      "Wait until a person says go: look.",
      "Bring stable to 1 ready replica.",
      "Bring the canary to 2 ready replicas.",
      "Send all of the requests to the canary.",
      "Bring stable to 0 ready replicas.",
      "Bring the canary to 3 ready replicas.",
      "Make the canary stable, once it has stayed ready for a moment.",
      "Drain and end the old version.",
    ]
  `);
});

test("what needs more places than there are is refused, with what does not", () => {
  const why = (strategy: string, replicas: number): readonly string[] => {
    const result = compiled(strategy, replicas);
    return result.ok ? [] : result.issues.map(({ path, message }) => `${path}: ${message}`);
  };
  expect(why("blueGreen: {}", 3)).toEqual([expect.stringContaining("use canary, rolling or recreate")]);
  expect(why("canary: { baseline: same-size, steps: [{ weight: 30%, hold: 1s }] }", 3).join()).toContain(
    "found same-size",
  );
  expect(why("canary: { steps: [{ weight: 30%, hold: 1s }] }", 1)).toEqual([expect.stringContaining("use recreate")]);
  expect(why("rolling: {}", 1)).toEqual([expect.stringContaining("use recreate")]);
  expect(why("recreate: {}", 1)).toEqual([]);
});
