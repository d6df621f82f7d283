import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Abilities } from "../abilities.ts";
import { parseRollout } from "../spec/parse.ts";
import { ROLES, shareOf } from "../split.ts";
import { WHOLE, percent, weight } from "../units.ts";
import { canCarry } from "./capacity.ts";
import { compile } from "./compile.ts";
import { sentence } from "./sentence.ts";
import type { Program } from "./step.ts";

const abilities: Abilities = {
  router: {
    granularity: weight(1),
    sticky: ["cookie", "header"],
    baseline: true,
    evidence: true,
    matches: ["header", "cookie", "query", "path", "method", "listener"],
    mirror: "compares",
  },
  workload: { promote: "rename", baseline: true },
};

function program(replicas: number, strategy: string, stable = true): Program {
  const parsed = parseRollout(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop], replicas: ${replicas} } }
  traffic: { proxy: { listen: 8080 } }
  strategy: ${strategy}
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const compiled = compile(parsed.rollout, { abilities, stable });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.program;
}

/** Walks through the program as a world that does at once what it is told. */
function walk({ steps, fullSize }: Program): void {
  const sizes: Record<string, number> = { stable: fullSize };
  let weights: Program["steps"][number] & { op: "route" } = { op: "route", weights: { stable: WHOLE } };
  for (const step of steps) {
    if (step.op === "scale") sizes[step.role] = step.size;
    if (step.op === "route") weights = step;
    // After `promote` the canary's pool is stable's, and `stable` the one before.
    if (step.op === "promote") return;
    if (step.op === "retire") sizes[step.role] = 0;
    const total = ROLES.reduce((sum, role) => sum + shareOf(weights.weights, role), 0);
    expect(total).toBe(WHOLE);
    for (const role of ROLES) {
      const share = shareOf(weights.weights, role);
      expect({ step, role, fits: canCarry(share, sizes[role] ?? 0, fullSize) }).toEqual({ step, role, fits: true });
    }
  }
}

const ppm = fc.integer({ min: 1, max: 500_000 });
const rising = fc
  .uniqueArray(ppm, { minLength: 1, maxLength: 8 })
  .map((list) => list.toSorted((a, b) => a - b).map((share) => percent(weight(share))));
const size = fc.integer({ min: 1, max: 50 });

test("at every step of a canary, each role's pool carries its share", () => {
  fc.assert(
    fc.property(size, rising, fc.constantFrom("stable", "same-size"), (replicas, weights, baseline) => {
      const steps = weights.map((share) => `{ weight: ${share}, hold: 1s }`).join(", ");
      const compiled = program(replicas, `{ canary: { baseline: ${baseline}, steps: [${steps}] } }`);
      walk(compiled);
      expect(compiled.steps.at(-1)).toEqual({ op: "retire", role: "stable" });
      expect(compiled.steps.filter(({ op }) => op === "promote")).toHaveLength(1);
    }),
  );
});

test("at every step of a rolling update, each role's pool carries its share", () => {
  fc.assert(
    fc.property(size, fc.integer({ min: 1, max: 60 }), (replicas, surge) => {
      const compiled = program(replicas, `{ rolling: { maxSurge: ${surge} } }`);
      walk(compiled);
      const batch = Math.min(surge, replicas);
      const sizes = compiled.steps.flatMap((step) => (step.op === "scale" ? [step.size] : []));
      expect(Math.max(...sizes)).toBe(replicas);
      expect(compiled.steps.filter(({ op }) => op === "route")).toHaveLength(Math.ceil(replicas / batch));
    }),
  );
});

test("the parts of the alarm budget sum to one", () => {
  const { analysis } = program(2, "{ canary: { stepWeight: 10 } }");
  expect(analysis?.metrics.map(({ name, omega }) => [name, omega])).toEqual([
    ["success-rate", 0.6],
    ["latency-p99", 0.4],
  ]);
});

test("a first version is not compared with anything", () => {
  const first = program(3, "{ canary: { stepWeight: 10 } }", false);
  expect(first.analysis).toBeUndefined();
  expect(first.steps.map(sentence)).toEqual([
    "Bring the canary to 3 ready replicas.",
    "Send all of the requests to the canary.",
    "Make the canary stable, once it has stayed ready for a moment.",
  ]);
});
