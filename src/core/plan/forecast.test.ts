// Does a forecast say what the steps can show?
import { expect, test } from "vitest";
import { bucketOf } from "../histogram.ts";
import { GO_FACTOR, GO_MARGIN, HARM_FACTOR, HARM_MARGIN } from "../stats/defaults.ts";
import type { AnalysisPlan, ErrorMetric, LatencyMetric } from "../stats/plan.ts";
import { requestsFor, chanceOf } from "../stats/power.ts";
import { ms, weightOf } from "../units.ts";
import { forecast, type Traffic } from "./forecast.ts";
import { textOf } from "./forecast-text.ts";
import type { Program, Step } from "./step.ts";

const ERRORS: ErrorMetric = {
  name: "success-rate",
  kind: "errors",
  counts: "failed",
  omega: 0.6,
  warmupMs: ms(0),
  harm: HARM_MARGIN,
  go: GO_MARGIN,
};

const LATENCY: LatencyMetric = {
  name: "latency-p99",
  kind: "latency",
  quantile: 0.99,
  omega: 0.4,
  warmupMs: ms(30_000),
  harmFactor: HARM_FACTOR,
  goFactor: GO_FACTOR,
};

const ANALYSIS: AnalysisPlan = { falseRollback: 0.01, falseGo: 0.05, metrics: [ERRORS, LATENCY] };

const TRAFFIC: Traffic = { perSecond: 200, errors: 0.001, latency: { p50Ms: 60, p99Ms: 300 }, source: "given" };

const shared = (fraction: number) => ({ canary: weightOf(fraction), stable: weightOf(1 - fraction) });

const scale = (size: number): Step => ({ op: "scale", role: "canary", size });
const route = (fraction: number): Step => ({ op: "route", weights: shared(fraction) });
const hold = (minutes: number): Step => ({ op: "hold", durationMs: ms(minutes * 60_000) });
const judge = (atMost?: number): Step => ({
  op: "judge",
  atLeastMs: ms(0),
  ...(atMost === undefined ? {} : { atMostMs: ms(atMost * 60_000) }),
  undecided: "hold",
});

const END: readonly Step[] = [
  scale(4),
  { op: "route", weights: { canary: weightOf(1) } },
  { op: "promote" },
  { op: "retire", role: "stable" },
];

function program(steps: readonly Step[], analysis: AnalysisPlan | undefined = ANALYSIS): Program {
  return {
    strategy: "canary",
    steps: [scale(2), ...steps, ...END],
    fullSize: 4,
    progressDeadlineMs: ms(60_000),
    analysis,
  };
}

test("steps that compare, with their requests and times", () => {
  const { steps, durationMs, starts } = forecast(program([route(0.05), hold(5), route(0.5), hold(1)]), TRAFFIC);
  expect(steps.map(({ step, op, canaryRequests }) => [step, op, canaryRequests])).toEqual([
    [3, "hold", 3_000],
    [5, "hold", 6_000],
  ]);
  expect(durationMs).toBe(365_000);
  expect(starts).toBe(2);
});

test("evidence adds up: later steps catch smaller faults", () => {
  const { steps } = forecast(program([route(0.05), hold(5), route(0.1), hold(5), route(0.5), hold(5)]), TRAFFIC);
  for (const of of ["errors", "everything", "slowest"] as const) {
    const least = steps.map(({ caught }) => caught[of] ?? Infinity);
    expect(least).toEqual(least.toSorted((a, b) => b - a));
    expect(least.at(-1)).toBeLessThan(least[0] ?? 0);
  }
});

test("what is caught at one share is what the formula says", () => {
  const errors = { ...ANALYSIS, metrics: [{ ...ERRORS, omega: 1 }] };
  const { bad } = forecast(program([route(0.1), hold(60)], errors), TRAFFIC);
  const truth = {
    shows: "harm",
    canary: 0.005,
    baseline: 0.001,
    margin: HARM_MARGIN,
    phi: 1,
    tau: { start: 0.2, true: 0 },
  } as const;
  const chance = chanceOf.bind(undefined, { ...truth, needed: Math.log(100), known: 720_000 });
  const at = { share: 0.1, canaryReplicas: 2, baselineReplicas: 4 };
  const five = bad.find(({ times }) => times === 5);
  for (const [power, moment] of [
    [0.5, five?.half],
    [0.9, five?.ninety],
  ] as const) {
    const requests = requestsFor(power, chance, at);
    expect((moment?.canaryRequests ?? 0) / requests).toBeCloseTo(1, 2);
    expect(moment?.ms).toBeCloseTo((moment?.canaryRequests ?? 0) * 50, -1);
  }
  // Excess of failures times (1.2 times the median and what two seconds bring): docs/plan.md.
  const median = five?.half?.canaryRequests ?? 0;
  expect((five?.failed ?? 0) / (0.004 * (1.2 * median + 40))).toBeCloseTo(1, 0);
});

test("a version that always fails costs little more than the reaction", () => {
  const { bad } = forecast(program([route(0.1), hold(60)]), TRAFFIC);
  const broken = bad.at(-1);
  expect(broken).toMatchObject({ errors: 1 });
  expect(broken?.caught).toBeGreaterThan(0.999);
  expect(broken?.failed).toBeGreaterThan(40);
  expect(broken?.failed).toBeLessThan(60);
});

test("a judgement: how long, and whether at all", () => {
  const [ample, short] = [
    forecast(program([route(0.1), judge(20)]), TRAFFIC),
    forecast(program([route(0.1), judge(1)]), TRAFFIC),
  ];
  const [judged] = ample.steps;
  expect(judged?.judged?.passes).toBeGreaterThan(0.9);
  expect(judged?.durationMs).toBe(judged?.judged?.halfMs);
  expect(judged?.judged?.ninetyMs).toBeGreaterThan(judged?.judged?.halfMs ?? Infinity);
  expect(ample.advice).toEqual([]);
  expect(short.steps[0]?.durationMs).toBe(60_000);
  expect(short.advice.join("\n")).toMatch(/^Step 3: .*no worse within 1m: 90% can in \d+m\. With a margin of/mu);
});

test("a judgement that can never be passed is said to be one", () => {
  // One replica of stable cannot show how much replicas differ.
  const few = { ...program([route(0.1), judge(), route(0.5), hold(5)]), fullSize: 1 };
  const said = forecast(few, { ...TRAFFIC, errors: 0.1 });
  expect(said.endless).toBe(3);
  expect(said.steps.map(({ step }) => step)).toEqual([3]);
  expect(textOf(said).good[0]).toBe("A good version would wait at step 3 for ever.");
  expect(said.advice.join("\n")).toContain("with 2 canary replicas no time would do. With a margin of");
});

test("a step that shows nothing useful: what would, with figures", () => {
  const quiet = { ...TRAFFIC, perSecond: 2 };
  const { advice } = forecast(program([route(0.05), hold(10)]), quiet);
  expect(advice[0]).toMatch(
    /^In the whole rollout nothing below \d+% failing requests is sure to be caught; \d+h at 5% would/u,
  );
  expect(advice.join("\n")).toContain("falseRollback: 5% would catch");
  expect(advice.join("\n")).toContain("Synthetic load of 20 requests a second would catch");
});

test("a baseline as small as the canary shows less of latency", () => {
  const weights = { canary: weightOf(0.05), baseline: weightOf(0.05), stable: weightOf(0.9) };
  const young: readonly Step[] = [{ op: "scale", role: "baseline", size: 2 }, { op: "route", weights }, hold(10)];
  const large = { fullSize: 40 };
  const said = forecast({ ...program(young), ...large }, TRAFFIC);
  const plain = forecast({ ...program([route(0.05), hold(10)]), ...large }, TRAFFIC);
  expect(said.steps[0]?.caught.everything).toBeGreaterThan(plain.steps[0]?.caught.everything ?? Infinity);
  expect(said.advice.join("\n")).toContain("baseline: stable would compare latency with all of stable");
});

test("a ramp: it takes as long as its harm needs, and costs about that", () => {
  const ramp: Step = { op: "ramp", to: weightOf(0.5), harm: 50, baseline: false };
  const said = forecast(program([ramp, hold(1)]), { ...TRAFFIC, perSecond: 2_000 });
  const broken = said.bad.at(-1)?.failed ?? 0;
  expect(broken).toBeGreaterThan(25);
  expect(broken).toBeLessThan(100);
  expect(said.steps[0]).toMatchObject({ op: "ramp", share: weightOf(0.5) });
  const careful = forecast(program([{ ...ramp, harm: 5 }, hold(1)]), { ...TRAFFIC, perSecond: 2_000 });
  expect(careful.steps[0]?.durationMs).toBeGreaterThan(said.steps[0]?.durationMs ?? Infinity);
});

test("a measured latency stands for a given one", () => {
  const latency = { [bucketOf(50_000)]: 9_000, [bucketOf(100_000)]: 900, [bucketOf(300_000)]: 100 };
  const said = forecast(program([route(0.1), hold(5)]), { ...TRAFFIC, latency, source: "measured" });
  // One bucket is the least that a histogram can tell.
  expect(said.steps[0]?.caught.everything).toBeGreaterThan(2 ** (1 / 8));
  expect(said.steps[0]?.caught.everything).toBeLessThan(2);
  expect(textOf(said).traffic).toMatch(/measured on the stable version:$/u);
});

test("what is not forecast is named", () => {
  const clients: ErrorMetric = { ...ERRORS, name: "client-errors", counts: "clientErrors" };
  const plan = { ...ANALYSIS, metrics: [clients, LATENCY] };
  const { unforecast, bad, steps } = forecast(program([route(0.1), hold(5)], plan), { ...TRAFFIC, latency: undefined });
  expect(unforecast.map(({ name }) => name)).toEqual(["client-errors", "latency-p99"]);
  expect(bad).toEqual([]);
  expect(steps[0]?.caught).toEqual({});
});

test("nothing to compare: times only", () => {
  const { steps, bad, advice, durationMs } = forecast(
    { ...program([route(0.1), hold(5)]), analysis: undefined },
    TRAFFIC,
  );
  expect(steps.map(({ caught }) => caught)).toEqual([{}]);
  expect([bad, advice]).toEqual([[], []]);
  expect(durationMs).toBe(305_000);
});

test("impossible traffic is refused by name", () => {
  const plan = program([route(0.1), hold(5)]);
  expect(() => forecast(plan, { ...TRAFFIC, perSecond: 0 })).toThrow("requests per second must be above 0, not 0");
  expect(() => forecast(plan, { ...TRAFFIC, errors: 1 })).toThrow("below 1");
  expect(() => forecast(plan, { ...TRAFFIC, latency: { p50Ms: 60, p99Ms: 60 } })).toThrow("p99 must be above p50");
  expect(() => forecast(plan, { ...TRAFFIC, phi: NaN })).toThrow("phi must be at least 1, not NaN");
});
