// Does every program that can be compiled keep shares within what is ready, and come to an end?
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PROCESS_ABILITIES } from "../../adapters/process/abilities.ts";
import type { Abilities } from "../abilities.ts";
import type { MatchKind } from "../match.ts";
import { parseRollout } from "../spec/parse.ts";
import { ROLES, shareOf, type Role } from "../split.ts";
import { WHOLE, weight } from "../units.ts";
import { canCarry } from "./capacity.ts";
import { compile } from "./compile.ts";
import type { Program } from "./step.ts";

const KINDS: readonly MatchKind[] = ["header", "cookie", "query", "path", "method", "listener"];

const wait = fc.constantFrom("hold: 1s", "judge: {}", "judge: { atMost: 1m, undecided: goOn }", "gate: look");
const rule = fc.constantFrom('match: [{ header: { a: "1" } }]', "match: [{ path: /x, method: GET }]", "match: []");
const size = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom("25%", "50%", "100%"));
const percent = fc.integer({ min: 1, max: 100 }).map((share) => `${share}%`);

const step = fc
  .record({ weight: percent, wait, rule, replicas: size, has: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()) })
  .map(({ weight: share, wait: waits, rule: rules, replicas, has: [isMatched, isSized, isLower] }) => {
    const parts = [`weight: ${share}`, waits];
    if (isMatched) parts.push(rules);
    if (isSized) parts.push(`replicas: ${replicas}`);
    if (isLower) parts.push("down: true");
    return `{ ${parts.join(", ")} }`;
  });

const canary = fc
  .record({
    baseline: fc.constantFrom("stable", "same-size"),
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
    stepsBack: fc.integer({ min: 0, max: 3 }),
    watch: fc.constantFrom("", ", watch: 1m"),
  })
  .map(({ baseline, steps, stepsBack, watch }) => {
    return `canary: { baseline: ${baseline}, stepsBack: ${stepsBack}${watch}, steps: [${steps.join(", ")}] }`;
  });

const strategy = fc.oneof(
  canary,
  fc
    .tuple(percent, fc.constantFrom("50%", "20%"))
    .map(([harm, max]) => `canary: { ramp: { harm: ${Number.parseInt(harm, 10)}, max: ${max} } }`),
  fc
    .tuple(size, size, fc.constantFrom("", ", hold: 1s", ", judge: {}"))
    .map(([surge, missing, more]) => `rolling: { maxSurge: ${surge}, maxUnavailable: ${missing}${more} }`),
  fc
    .tuple(size, fc.constantFrom("automatic", "manual"), percent)
    .map(
      ([replicas, promotion, share]) =>
        `blueGreen: { replicas: ${replicas}, promotion: ${promotion}, mirror: { share: ${share}, hold: 1s }, preview: [{ cookie: { a: b } }] }`,
    ),
  fc
    .tuple(percent, fc.boolean(), fc.option(canary, { nil: undefined }))
    .map(
      ([share, noise, next]) =>
        `shadow: { share: ${share}, noise: ${noise}, hold: 1s${next ? `, next: { ${next} }` : ""} }`,
    ),
  fc
    .tuple(percent, fc.integer({ min: 0, max: 3 }))
    .map(
      ([share, rivals]) =>
        `experiment: { share: ${share}, for: 1m, candidates: [${Array.from({ length: rivals }, (_, n) => `{ name: r${n}, env: { A: ${n} } }`).join(", ")}] }`,
    ),
  fc
    .tuple(percent, fc.constantFrom("promote", "keep", "report"))
    .map(
      ([share, winner]) =>
        `abTest: { variants: { control: a, treatment: b }, share: ${share}, conversions: { events: order }, winner: ${winner} }`,
    ),
  fc.constant("recreate: {}"),
);

const HOOKS = `  hooks:
    - { name: may, at: start, gate: true, command: [x] }
    - { name: smoke, at: before, command: [x] }
    - { name: more, at: increase, command: [x] }
    - { name: look, at: between, command: [x] }
    - { name: sign, at: promotion, gate: true, command: [x] }
    - { name: warm, at: after, command: [x] }
`;

const abilities = fc
  .record({
    granularity: fc.constantFrom(1, 10_000, 50_000, 250_000),
    matches: fc.subarray([...KINDS]),
    mirror: fc.constantFrom("none", "copies", "compares"),
    baseline: fc.boolean(),
  })
  .map(({ granularity, ...router }): Abilities => ({
    router: { ...router, granularity: weight(granularity), sticky: ["cookie", "header"], evidence: true },
    workload: PROCESS_ABILITIES,
  }));

const asked = fc.record({
  strategy,
  abilities,
  replicas: fc.integer({ min: 1, max: 12 }),
  hooks: fc.boolean(),
  preview: fc.boolean(),
});

function programOf({
  strategy: text,
  abilities: can,
  replicas,
  hooks,
  preview,
}: typeof asked extends fc.Arbitrary<infer T> ? T : never): Program | undefined {
  const parsed = parseRollout(`apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [serve], replicas: ${replicas} } }
  traffic: { proxy: { listen: 8080${preview ? ", preview: 8081" : ""} }, sticky: { cookie: visitor } }
  strategy: { ${text} }
${hooks ? HOOKS : ""}`);
  if (!parsed.ok) return undefined;
  const compiled = compile(parsed.rollout, { abilities: can, stable: true });
  return compiled.ok ? compiled.program : undefined;
}

/** Runs a property over programs that compile, and says how many there were: too few would show nothing. */
function always(holds: (program: Program, can: Abilities) => void): void {
  let compiled = 0;
  fc.assert(
    fc.property(asked, (one) => {
      const program = programOf(one);
      if (!program) return;
      compiled += 1;
      holds(program, one.abilities);
    }),
    { numRuns: 1_500, seed: 7 },
  );
  expect(compiled).toBeGreaterThan(150);
}

describe("a program", () => {
  test("gives no role a share that its pool cannot carry, and nobody a rule or a copy who does not run", () => {
    always(({ steps, fullSize, leastSize = fullSize }) => {
      const sizes: Record<Role, number> = {
        stable: fullSize,
        canary: 0,
        "canary-2": 0,
        "canary-3": 0,
        "canary-4": 0,
        baseline: 0,
      };
      for (const step of steps) {
        if (step.op === "scale") sizes[step.role] = step.size;
        if (step.op === "retire") sizes[step.role] = 0;
        if (step.op === "ramp") for (const role of ["canary", "baseline"] as const) sizes[role] = fullSize;
        if (step.op !== "route") continue;
        for (const role of ROLES)
          expect(
            canCarry(shareOf(step.weights, role), sizes[role], leastSize),
            `${role} in ${JSON.stringify(step)}`,
          ).toBe(true);
        for (const { to } of step.matches ?? []) expect(sizes[to]).toBeGreaterThan(0);
        for (const to of step.mirror?.to ?? [])
          expect(canCarry(step.mirror?.share ?? weight(0), sizes[to], leastSize)).toBe(true);
      }
    });
  });

  test("has weights that are a whole, in steps that the router takes, and rules that it knows", () => {
    always(({ steps }, { router }) => {
      for (const step of steps) {
        if (step.op !== "route") continue;
        expect(ROLES.reduce((sum, role) => sum + shareOf(step.weights, role), 0)).toBe(WHOLE);
        expect(shareOf(step.weights, "canary") % router.granularity).toBe(0);
        const kinds = (step.matches ?? []).flatMap(({ when }) => when.map(({ on }) => on));
        expect(router.matches).toEqual(expect.arrayContaining(kinds));
        if (step.mirror) expect(router.mirror).not.toBe("none");
        if (step.mirror?.compare) expect(router.mirror).toBe("compares");
      }
    });
  });

  test("ends: it promotes once, after everybody has the candidate, and lets the old version go; or it concludes", () => {
    always(({ steps, strategy: name }) => {
      const ops = steps.map(({ op }) => op);
      const promotions = ops.filter((op) => op === "promote").length;
      if (ops.includes("conclude")) {
        expect(promotions).toBe(0);
        expect(ops.findLastIndex((op) => op !== "run")).toBe(ops.indexOf("conclude"));
        return;
      }
      expect(promotions).toBe(1);
      const at = ops.indexOf("promote");
      const last = steps.slice(0, at).findLast((step) => step.op === "route" || step.op === "ramp");
      expect(last?.op === "route" ? shareOf(last.weights, "canary") : undefined).toBe(WHOLE);
      const retires = steps.slice(at).some((step) => step.op === "retire" && step.role === "stable");
      expect(retires || name === "recreate").toBe(true);
    });
  });

  test("never raises the share after the last thing that was judged without a step that waits, where one is asked for", () => {
    always(({ steps }) => {
      const judged = steps.flatMap((step, index) => (step.op === "judge" || step.op === "compare" ? [index] : []));
      for (const index of judged) {
        const before = steps.slice(0, index).findLast((step) => step.op === "route" || step.op === "ramp");
        expect(before).toBeDefined();
      }
    });
  });
});
