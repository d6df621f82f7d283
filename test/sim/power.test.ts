// Do as many requests show it as the formula says?
import { expect, test } from "vitest";
import { GO_MARGIN, HARM_MARGIN } from "../../src/core/stats/defaults.ts";
import { chanceOf, type Comparison, requestsFor, type Segment } from "../../src/core/stats/power.ts";
import { chanceSlower, lognormal, type Slowdown } from "../../src/core/stats/power-latency.ts";
import { BOTH, CALM, ERRORS, LATENCY, many, quantile, rollout, type Scene } from "./rollouts.ts";

const REPLICAS = { canary: 2, stable: 4 };
const PER_SECOND = 200;
/** Seconds of stable alone, before the rollout. */
const HISTORY = 3_600;

const SCENE: Omit<Scene, "plan" | "stages"> = {
  stable: { ...CALM, count: REPLICAS.stable },
  canary: { ...CALM, count: REPLICAS.canary },
  rps: PER_SECOND,
  latency: false,
  historySeconds: HISTORY,
};

const ALONE = { ...BOTH, metrics: [{ ...ERRORS, omega: 1 }] };

/** The looks end after so many times the median of the formula. */
const LENGTH = 12;

interface Asked {
  readonly scene: Omit<Scene, "stages">;
  readonly share: number;
  /** Of the formula, for a segment as the looks will be. */
  readonly requests: (power: number, at: Omit<Segment, "requests">) => number;
  readonly runs: number;
  /** Looks until the formula's median. */
  readonly looks: number;
  /** Fewest canary requests a look may hold. */
  readonly fewest: number;
  readonly shown?: (state: Parameters<typeof isWorse>[0], scene: Asked["scene"]) => boolean;
}

function isWorse(state: { readonly top: number }, scene: Asked["scene"]): boolean {
  return state.top >= Math.log(1 / scene.plan.falseRollback);
}

/** Simulated over predicted requests, for half and 90 % of the rollouts; a look holds half its requests too many. */
function ratios(asked: Asked): readonly [half: number, ninety: number] {
  const { scene, share, requests, runs, looks } = asked;
  const perSecond = scene.rps * share;
  const at = { share, canaryReplicas: scene.canary.count, baselineReplicas: scene.stable.count };
  const rough = requests(0.5, { ...at, perLook: 1e6 });
  const seconds = Math.max(asked.fewest, rough / looks) / perSecond;
  const perLook = seconds * perSecond;
  const stages = [{ share, seconds, looks: Math.ceil((LENGTH * rough) / perLook) }];
  const { shown = isWorse } = asked;
  const found = many(runs, (seed) => {
    for (const { state } of rollout({ ...scene, stages }, seed)) {
      if (shown(state, scene)) return state.canaryRequests;
    }
    return Infinity;
  });
  const ratio = (power: number): number => quantile(found, power) / (requests(power, { ...at, perLook }) + perLook / 2);
  return [ratio(0.5), ratio(0.9)];
}

const truth = (of: Pick<Comparison, "canary" | "baseline" | "phi" | "needed">): Comparison => ({
  ...of,
  shows: "harm",
  margin: HARM_MARGIN,
  tau: { start: 0.2, true: 0 },
  known: HISTORY * PER_SECOND,
});

const percent = (share: number): string => `${Number((100 * share).toFixed(4))} %`;
const line = ([half, ninety]: readonly [number, number]): string => `${half.toFixed(2)} and ${ninety.toFixed(2)}`;

type Cells = readonly (readonly [name: string, ratio: readonly [number, number]])[];

/** The smallest and the largest figure, after all have been printed. */
function spread(all: Cells): readonly [least: number, most: number] {
  const values = all.flatMap(([, ratio]) => ratio);
  const of = all.map(([name, ratio]) => `${name}: ${line(ratio)}`).join("\n  ");
  console.log(`simulated / predicted requests, half and 90 %, ${values.length} figures\n  ${of}`);
  return [Math.min(...values), Math.max(...values)];
}

// Bursts need looks that hold them in one piece; a simulated replica fails at most as often as it is asked.
test.each([1, 3])("errors in bursts of %d, alone and beside latency", (burst) => {
  const cells = [0.001, 0.02].flatMap((baseline) =>
    [2, 5, 10].flatMap((times) =>
      [0.05, 0.1, 0.5].flatMap((share) => [ALONE, BOTH].map((plan) => ({ baseline, times, share, plan }))),
    ),
  );
  const all = cells.map(({ baseline, times, share, plan }) => {
    const canary = baseline * times;
    const phi = 2 * burst - 1;
    const needed = Math.log(100) - Math.log(plan.metrics[0]?.omega ?? 1);
    const how = { errors: baseline, burst };
    const ratio = ratios({
      scene: {
        ...SCENE,
        plan,
        stable: { ...SCENE.stable, ...how },
        canary: { ...SCENE.canary, ...how, errors: canary },
      },
      share,
      requests: (power, at) =>
        requestsFor(power, (course) => chanceOf(truth({ canary, baseline, phi, needed }), course), at),
      runs: 320,
      looks: 18,
      fewest: burst > 1 ? 40 : 1,
    });
    const beside = plan === BOTH ? ", beside latency" : "";
    return [`${percent(baseline)} × ${times}, share ${percent(share)}${beside}`, ratio] as const;
  });
  const [least, most] = spread(all);
  expect(least).toBeGreaterThan(0.8);
  expect(most).toBeLessThan(1.2);
});

test("low traffic: most looks hold requests of one arm at most", () => {
  const cells = [
    [0.5, 1],
    [0.1, 4],
  ] as const;
  const all = cells.map(([share, rps]) => {
    const of = truth({ canary: 0.05, baseline: 0.001, phi: 1, needed: Math.log(100) });
    const ratio = ratios({
      scene: { ...SCENE, plan: ALONE, canary: { ...SCENE.canary, errors: 0.05 }, rps },
      share,
      requests: (power, at) => {
        const seen = { ...at, perLook: rps * share * 0.5 };
        return requestsFor(power, (course) => chanceOf({ ...of, known: HISTORY * rps }, course), seen);
      },
      runs: 50,
      looks: 1e9,
      fewest: rps * share * 0.5,
    });
    return [`0.1 % × 50, share ${percent(share)}, ${rps} requests a second`, ratio] as const;
  });
  const [least, most] = spread(all);
  expect(least).toBeGreaterThan(0.7);
  expect(most).toBeLessThan(1.3);
});

test("latency", () => {
  const cases: readonly (readonly [string, Partial<typeof CALM> & { tail?: number }, Slowdown])[] = [
    ["all 1.4 times slower", { p50Ms: 84, p99Ms: 420 }, { factor: 1.4, share: 1 }],
    ["the slowest 5 % 1.4 times slower", { tail: 1.4 }, { factor: 1.4, share: 0.05 }],
    ["the slowest 5 % twice as slow", { tail: 2 }, { factor: 2, share: 0.05 }],
    ["the slowest 5 % three times as slow", { tail: 3 }, { factor: 3, share: 0.05 }],
  ];
  const all = cases.flatMap(([name, change, down]) =>
    [0.1, 0.5].map((share) => {
      if (LATENCY.kind !== "latency") throw new TypeError("not a latency metric");
      const known = { stable: lognormal(CALM.p50Ms, CALM.p99Ms), known: HISTORY * PER_SECOND, needed: Math.log(100) };
      const chance = chanceSlower(LATENCY, down, known);
      const ratio = ratios({
        scene: {
          ...SCENE,
          plan: { ...BOTH, metrics: [{ ...LATENCY, omega: 1 }] },
          canary: { ...SCENE.canary, ...change },
          latency: true,
        },
        share,
        requests: (power, at) => requestsFor(power, chance, at),
        runs: 50,
        looks: 18,
        fewest: 1,
      });
      return [`${name}, share ${percent(share)}`, ratio] as const;
    }),
  );
  const [least, most] = spread(all);
  expect(least).toBeGreaterThan(0.7);
  expect(most).toBeLessThan(1.35);
});

test("no worse", () => {
  const cells = [
    [0.001, 0.1],
    [0.001, 0.5],
    [0.005, 0.1],
  ] as const;
  const all = cells.flatMap(([errors, share]) =>
    [1, 3].map((burst) => {
      const phi = 2 * burst - 1;
      const of = truth({ canary: errors, baseline: errors, phi, needed: Math.log(20) });
      const go = { ...of, shows: "go", margin: GO_MARGIN } as const;
      const ratio = ratios({
        scene: {
          ...SCENE,
          plan: ALONE,
          stable: { ...SCENE.stable, errors, burst },
          canary: { ...SCENE.canary, errors, burst },
        },
        share,
        requests: (power, at) => requestsFor(power, (course) => chanceOf(go, course), at),
        runs: 200,
        looks: 18,
        fewest: 40,
        shown: (state, { plan }) => "metrics" in state && goTop(state) >= Math.log(1 / plan.falseGo),
      });
      return [`${percent(errors)}, share ${percent(share)}, bursts of ${burst}`, ratio] as const;
    }),
  );
  const [least, most] = spread(all);
  expect(least).toBeGreaterThan(0.65);
  expect(most).toBeLessThan(1.3);
});

function goTop(state: { readonly metrics?: unknown }): number {
  const [first] = state.metrics as readonly { readonly go: { readonly top: number } }[];
  return first?.go.top ?? 0;
}
