// Does every program that can be compiled keep shares within what is ready, and come to an end?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PROCESS_ABILITIES } from "../../adapters/process/abilities.ts";
import type { Abilities } from "../abilities.ts";
import type { MatchKind } from "../match.ts";
import { parseRollout } from "../spec/parse.ts";
import { isExposed, ROLES, shareOf, type Role } from "../split.ts";
import { WHOLE, weight } from "../units.ts";
import { canCarry } from "./capacity.ts";
import { compile } from "./compile.ts";
import type { Program, Step } from "./step.ts";

const KINDS: readonly MatchKind[] = ["header", "cookie", "query", "path", "method", "listener"];

const wait = fc.constantFrom("hold: 1s", "judge: {}", "judge: { atMost: 1m, undecided: goOn }", "gate: look");
const rule = fc.constantFrom('match: [{ header: { a: "1" } }]', "match: [{ path: /x, method: GET }]", "match: []");
const size = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom("25%", "50%", "100%"));
const percent = fc.integer({ min: 1, max: 100 }).map((share) => `${share}%`);

const canaryStep = fc
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
    steps: fc.array(canaryStep, { minLength: 1, maxLength: 4 }),
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

/** Programs that compile have nothing wrong with them, or a counterexample is thrown; how many there were. */
function programsWithout(wrongWith: (program: Program, can: Abilities) => readonly string[]): number {
  let compiled = 0;
  fc.assert(
    fc.property(asked, (one) => {
      const program = programOf(one);
      compiled += program ? 1 : 0;
      const wrong = program ? wrongWith(program, one.abilities) : [];
      if (wrong.length > 0) throw new Error(wrong.join("; "));
    }),
    { numRuns: 1_500, seed: 7 },
  );
  return compiled;
}

/** Fewer would show nothing. */
const MANY = 150;

type Sizes = Record<Role, number>;

/** Follows the sizes of all pools to every route, and says what is wrong there. */
function alongRoutes(
  { steps, fullSize }: Program,
  wrongAt: (route: Extract<Step, { op: "route" }>, sizes: Sizes) => readonly string[],
): readonly string[] {
  const sizes: Sizes = { stable: fullSize, canary: 0, "canary-2": 0, "canary-3": 0, "canary-4": 0, baseline: 0 };
  return steps.flatMap((step) => {
    if (step.op === "scale") sizes[step.role] = step.size;
    if (step.op === "retire") sizes[step.role] = 0;
    if (step.op === "ramp") for (const role of ["canary", "baseline"] as const) sizes[role] = fullSize;
    return step.op === "route" ? wrongAt(step, sizes) : [];
  });
}

describe("a program", () => {
  test("gives no role a share that its pool cannot carry, and nobody a rule or a copy who does not run", () => {
    const found = programsWithout((program) =>
      alongRoutes(program, ({ weights, matches = [], mirror }, sizes) => {
        const least = program.leastSize ?? program.fullSize;
        const short = ROLES.filter((role) => !canCarry(shareOf(weights, role), sizes[role], least));
        const ruled = matches.filter(({ to }) => sizes[to] === 0).map(({ to }) => `a rule to ${to}`);
        const copied = (mirror?.to ?? []).filter((to) => !canCarry(mirror?.share ?? weight(0), sizes[to], least));
        return [...short, ...ruled, ...copied.map((to) => `copies to ${to}`)];
      }),
    );
    expect(found).toBeGreaterThan(MANY);
  });

  test("has weights that are a whole, in steps that the router takes, and rules that it knows", () => {
    const found = programsWithout((program, { router }) =>
      alongRoutes(program, ({ weights, matches = [], mirror }) => {
        const sum = ROLES.reduce((total, role) => total + shareOf(weights, role), 0);
        const unknown = matches.flatMap(({ when }) => when.filter(({ on }) => !router.matches.includes(on)));
        return [
          ...(sum === WHOLE ? [] : [`the weights sum to ${sum}`]),
          ...(shareOf(weights, "canary") % router.granularity === 0 ? [] : ["the share is finer than the router"]),
          ...unknown.map(({ on }) => `the router does not know ${on}`),
          ...(mirror && router.mirror === "none" ? ["it copies nothing"] : []),
          ...(mirror?.compare && router.mirror !== "compares" ? ["it compares nothing"] : []),
        ];
      }),
    );
    expect(found).toBeGreaterThan(MANY);
  });

  test("ends: it promotes once, after everybody has the candidate, and lets the old version go; or it concludes", () => {
    const found = programsWithout(({ steps, strategy: name }) => {
      const ops = steps.map(({ op }) => op);
      const [promotions, concluded] = [ops.filter((op) => op === "promote").length, ops.indexOf("conclude")];
      if (concluded >= 0) {
        const last = ops.findLastIndex((op) => op !== "run");
        return promotions === 0 && last === concluded ? [] : ["it goes on after its conclusion"];
      }
      const at = ops.indexOf("promote");
      const route = steps.slice(0, at).findLast((one) => one.op === "route" || one.op === "ramp");
      const isWhole = route?.op === "route" && shareOf(route.weights, "canary") === WHOLE;
      const retires = steps.slice(at).some((one) => one.op === "retire" && one.role === "stable");
      return [
        ...(promotions === 1 ? [] : [`it promotes ${promotions} times`]),
        ...(isWhole ? [] : ["not everybody has it by then"]),
        ...(retires || name === "recreate" ? [] : ["the old version stays for ever"]),
      ];
    });
    expect(found).toBeGreaterThan(MANY);
  });

  test("judges only what gets requests or copies", () => {
    const found = programsWithout(({ steps }) =>
      steps.flatMap((one, index) => {
        if (one.op !== "judge" && one.op !== "compare") return [];
        const before = steps.slice(0, index).findLast(({ op }) => op === "route" || op === "ramp");
        const works = before?.op === "ramp" || (before?.op === "route" && isExposed(before, "canary"));
        return works ? [] : [`step ${index + 1} looks at nothing`];
      }),
    );
    expect(found).toBeGreaterThan(MANY);
  });
});
