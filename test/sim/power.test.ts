// Do as many requests show it as the formula says?
import { expect, test } from "vitest";
import { GO_FACTOR, GO_MARGIN, HARM_FACTOR, HARM_MARGIN, OMEGA } from "../../src/core/stats/defaults.ts";
import type { LatencyMetric } from "../../src/core/stats/plan.ts";
import { chanceOf, type Comparison, type Course, requestsFor } from "../../src/core/stats/power.ts";
import { chanceSlower, lognormal, type Slowdown } from "../../src/core/stats/power-latency.ts";
import type { AnalysisState } from "../../src/core/stats/verdict.ts";
import { ms } from "../../src/core/units.ts";
import { BOTH, CALM, ERRORS, many, quantile, rollout, type Scene } from "./rollouts.ts";

const PER_SECOND = 200;
/** Seconds of stable alone, before the rollout. */
const HISTORY = 3_600;
/** The looks end after so many times the median of the formula. */
const LENGTH = 12;

const SCENE: Omit<Scene, "stages"> = {
  plan: BOTH,
  stable: { ...CALM, count: 4 },
  canary: { ...CALM, count: 2 },
  rps: PER_SECOND,
  latency: false,
  historySeconds: HISTORY,
};

const ROLL_BACK = Math.log(1 / BOTH.falseRollback);
const GO = Math.log(1 / BOTH.falseGo);

/** Something that a rollout shows, and its chance by the formula. */
interface Mark {
  readonly name: string;
  readonly shown: (state: AnalysisState) => boolean;
  readonly chance: (course: Course) => number;
}

interface Looks {
  readonly scene: Omit<Scene, "stages">;
  readonly share: number;
  readonly runs: number;
  /** Canary requests between two looks, given the formula's median. */
  readonly perLook: (median: number) => number;
}

/** Simulated over predicted requests: the median, and what is enough for 90 %. */
interface Cell {
  readonly name: string;
  readonly ratios: readonly [half: number, ninety: number];
}

/** One simulation for all marks. On average a look holds half its requests too many. */
function compared({ scene, share, runs, perLook }: Looks, marks: readonly Mark[]): readonly Cell[] {
  const at = { share, canaryReplicas: scene.canary.count, baselineReplicas: scene.stable.count };
  const medians = marks.map(({ chance }) => requestsFor(0.5, chance, at));
  const most = Math.max(...medians);
  const each = perLook(Math.min(...medians));
  const stages = [{ share, seconds: each / (scene.rps * share), looks: Math.ceil((LENGTH * most) / each) }];
  const found = many(runs, (seed) => {
    const requests = marks.map(() => Infinity);
    for (const { state } of rollout({ ...scene, stages }, seed)) {
      marks.forEach(({ shown }, i) => {
        if (requests[i] === Infinity && shown(state)) requests[i] = state.canaryRequests;
      });
      if (requests.every(Number.isFinite)) break;
    }
    return requests;
  });
  return marks.map(({ name, chance }, i) => {
    const ends = found.map((requests) => requests[i] ?? Infinity);
    const ratio = (power: number): number => quantile(ends, power) / (requestsFor(power, chance, at) + each / 2);
    return { name, ratios: [ratio(0.5), ratio(0.9)] };
  });
}

/** The smallest and the largest figure, after all have been printed. */
function spread(cells: readonly Cell[]): readonly [least: number, most: number] {
  const values = cells.flatMap(({ ratios }) => ratios);
  const lines = cells.map(({ name, ratios: [half, ninety] }) => `${name}: ${half.toFixed(2)} and ${ninety.toFixed(2)}`);
  console.log(`simulated / predicted requests, half and 90 %, ${values.length} figures\n  ${lines.join("\n  ")}`);
  return [Math.min(...values), Math.max(...values)];
}

const percent = (share: number): string => `${Number((100 * share).toFixed(4))} %`;

const truth = (of: Pick<Comparison, "canary" | "baseline" | "phi">): Omit<Comparison, "needed"> => ({
  ...of,
  shows: "harm",
  margin: HARM_MARGIN,
  tau: { start: 0.2, true: 0 },
  known: HISTORY * PER_SECOND,
});

/** The evidence of the errors alone is what a plan without latency would have. */
const alone = (state: AnalysisState): number => state.metrics[0]?.top ?? 0;

// Bursts need looks that hold them in one piece: a simulated replica fails at most as often as it is asked.
test.each([1, 3])("errors in bursts of %d, alone and beside latency", (burst) => {
  const cases = [0.001, 0.02].flatMap((baseline) =>
    [2, 5, 10].flatMap((times) => [0.05, 0.1, 0.5].map((share) => ({ baseline, times, share }))),
  );
  const cells = cases.flatMap(({ baseline, times, share }) => {
    const how = { errors: baseline, burst };
    const canary = baseline * times;
    const of = truth({ canary, baseline, phi: 2 * burst - 1 });
    const name = `${percent(baseline)} × ${times}, share ${percent(share)}`;
    const beside = ROLL_BACK - Math.log(OMEGA.errors);
    const scene = {
      ...SCENE,
      stable: { ...SCENE.stable, ...how },
      canary: { ...SCENE.canary, ...how, errors: canary },
    };
    const perLook = (median: number): number => Math.max(burst > 1 ? 24 : 1, median / 20);
    return compared({ scene, share, runs: 400, perLook }, [
      { name, shown: (state) => alone(state) >= ROLL_BACK, chance: (at) => chanceOf({ ...of, needed: ROLL_BACK }, at) },
      {
        name: `${name}, beside latency`,
        shown: (state) => state.top >= ROLL_BACK,
        chance: (at) => chanceOf({ ...of, needed: beside }, at),
      },
    ]);
  });
  const [least, most] = spread(cells);
  expect(least).toBeGreaterThan(0.8);
  expect(most).toBeLessThan(1.2);
});

test("low traffic: most looks hold requests of one arm at most", () => {
  const cells = [
    [0.5, 1],
    [0.1, 4],
  ].flatMap(([share = 0, rps = 0]) => {
    const of = { ...truth({ canary: 0.05, baseline: 0.001, phi: 1 }), known: HISTORY * rps, needed: ROLL_BACK };
    const scene = { ...SCENE, canary: { ...SCENE.canary, errors: 0.05 }, rps };
    const name = `0.1 % × 50, share ${percent(share)}, ${rps} requests a second`;
    const mark = { name, shown: (state: AnalysisState) => alone(state) >= ROLL_BACK, chance: chanceOf.bind(null, of) };
    return compared({ scene, share, runs: 30, perLook: () => rps * share * 0.5 }, [mark]);
  });
  const [least, most] = spread(cells);
  expect(least).toBeGreaterThan(0.7);
  expect(most).toBeLessThan(1.3);
});

const LATENCY: LatencyMetric = {
  name: "latency-p99",
  kind: "latency",
  quantile: 0.99,
  omega: 1,
  warmupMs: ms(0),
  harmFactor: HARM_FACTOR,
  goFactor: GO_FACTOR,
};

test("latency", () => {
  const cases: readonly (readonly [string, Partial<typeof CALM> & { tail?: number }, Slowdown])[] = [
    ["all 1.4 times slower", { p50Ms: 84, p99Ms: 420 }, { factor: 1.4, share: 1 }],
    ["the slowest 5 % 1.4 times slower", { tail: 1.4 }, { factor: 1.4, share: 0.05 }],
    ["the slowest 5 % twice as slow", { tail: 2 }, { factor: 2, share: 0.05 }],
    ["the slowest 5 % three times as slow", { tail: 3 }, { factor: 3, share: 0.05 }],
  ];
  const known = { stable: lognormal(CALM.p50Ms, CALM.p99Ms), known: HISTORY * PER_SECOND, needed: ROLL_BACK };
  const cells = cases.flatMap(([title, change, down]) =>
    [0.1, 0.5].flatMap((share) => {
      const plan = { ...BOTH, metrics: [LATENCY] };
      const scene = { ...SCENE, plan, canary: { ...SCENE.canary, ...change }, latency: true };
      const name = `${title}, share ${percent(share)}`;
      const mark = {
        name,
        shown: (state: AnalysisState) => state.top >= ROLL_BACK,
        chance: chanceSlower(LATENCY, down, known),
      };
      return compared({ scene, share, runs: 80, perLook: (median) => median / 20 }, [mark]);
    }),
  );
  const [least, most] = spread(cells);
  expect(least).toBeGreaterThan(0.7);
  expect(most).toBeLessThan(1.4);
});

/** The strongest evidence that errors are no worse. */
function best(state: AnalysisState): number {
  const [first] = state.metrics;
  return first?.kind === "errors" ? first.go.top : 0;
}

test("no worse", () => {
  const cases = [
    [0.001, 0.1],
    [0.001, 0.5],
    [0.005, 0.1],
  ].flatMap(([errors = 0, share = 0]) => [1, 3].map((burst) => ({ errors, share, burst })));
  const cells = cases.flatMap(({ errors, share, burst }) => {
    const scene = {
      ...SCENE,
      plan: { ...BOTH, metrics: [{ ...ERRORS, omega: 1 }] },
      stable: { ...SCENE.stable, errors, burst },
      canary: { ...SCENE.canary, errors, burst },
    };
    const of = truth({ canary: errors, baseline: errors, phi: 2 * burst - 1 });
    const go: Comparison = { ...of, shows: "go", margin: GO_MARGIN, needed: GO };
    const name = `${percent(errors)}, share ${percent(share)}, bursts of ${burst}`;
    const mark = { name, shown: (state: AnalysisState) => best(state) >= GO, chance: chanceOf.bind(null, go) };
    return compared({ scene, share, runs: 200, perLook: (median) => Math.max(40, median / 20) }, [mark]);
  });
  const [least, most] = spread(cells);
  expect(least).toBeGreaterThan(0.65);
  expect(most).toBeLessThan(1.3);
});
