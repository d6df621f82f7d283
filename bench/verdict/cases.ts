// Which rollouts are simulated?
import { GO_MARGIN, HARM_MARGIN, OMEGA } from "../../src/core/stats/defaults.ts";
import type { AnalysisPlan, ErrorMetric, LatencyMetric, Margin } from "../../src/core/stats/plan.ts";
import { ms } from "../../src/core/units.ts";
import { CALM, ERRORS, LATENCY } from "../../test/sim/rollouts.ts";
import { informationOf } from "./floor.ts";
import type { Case } from "./run.ts";
import type { Arm, Disturbance, Traffic } from "./traffic.ts";

/** A row of a table: what it is called, and what is simulated. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly asked: Case;
}

const NONE: Margin = { rho: 1, delta: 0 };
const errorsOf = (how: Partial<ErrorMetric>): ErrorMetric => ({ ...(ERRORS as ErrorMetric), ...how });
const latencyOf = (how: Partial<LatencyMetric>): LatencyMetric => ({ ...(LATENCY as LatencyMetric), ...how });
const planOf = (...metrics: AnalysisPlan["metrics"]): AnalysisPlan => ({
  falseRollback: 0.01,
  falseGo: 0.05,
  metrics,
});

/** Two guards at half the budget each, without any margin: what the bound is the bound of. */
const PLAIN = planOf(errorsOf({ omega: 0.5, harm: NONE }), latencyOf({ omega: 0.5, harmFactor: 1 }));

/** As users get it. */
const AS_SHIPPED = planOf(errorsOf({ omega: OMEGA.errors }), latencyOf({ omega: OMEGA.latency }));

const ERRORS_ONLY = planOf(errorsOf({ omega: 1, harm: NONE }));

/** Half an hour: 5 to 50 %, five minutes each, a look every 15 s. */
const HALF_HOUR: Traffic["stages"] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5].map((share) => ({
  share,
  seconds: 15,
  looks: 20,
}));

const HOUR = 3_600;

const STEADY: Traffic = {
  rps: 200,
  stable: { ...CALM, count: 20 },
  canary: { ...CALM, count: 5 },
  historySeconds: HOUR,
  latency: true,
  disturbance: "none",
  stages: HALF_HOUR,
};

type Change = readonly [name: string, stable: Partial<Arm>, canary: Partial<Arm>];

const errors = (from: number, to: number): Change => {
  const text = (share: number): string => `${Number((100 * share).toFixed(3))}`;
  return [`${text(from)} → ${text(to)} %`, { errors: from }, { errors: to }];
};

const SAME: readonly Change[] = [errors(0.001, 0.001), errors(0.02, 0.02)];

const WORSE: readonly Change[] = [
  errors(0.001, 0.002),
  errors(0.001, 0.005),
  errors(0.001, 0.01),
  errors(0.001, 0.05),
  errors(0.001, 0.5),
  errors(0.02, 0.03),
  ["all × 1.1", {}, { p50Ms: 66, p99Ms: 330 }],
  ["p99 × 1.1", {}, { stretch: 1.1 }],
  ["p99 × 1.5", {}, { stretch: 1.5 }],
  ["p99 × 3", {}, { stretch: 3 }],
];

/** How many rollouts of each kind. */
export interface Runs {
  readonly same: number;
  readonly worse: number;
  /** Where one metric is measured against the bound. */
  readonly fine: number;
  /** Good candidates that the peers and other plans judge. */
  readonly others: number;
}

function changed(traffic: Traffic, [, stable, canary]: Change): Traffic {
  return {
    ...traffic,
    stable: { ...traffic.stable, ...stable },
    canary: { ...traffic.canary, ...canary },
  };
}

/** The main table: two guards against the peers and the bound. */
export function mainRows(runs: Runs): readonly Row[] {
  return [2, 20, 200, 2_000].flatMap((rps) =>
    [...(rps === 200 ? SAME : SAME.slice(0, 1)), ...WORSE].map((change): Row => {
      const same = SAME.includes(change);
      return {
        id: `A ${rps} ${change[0]}`,
        name: change[0],
        asked: {
          traffic: changed({ ...STEADY, rps }, change),
          plans: { plain: PLAIN, shipped: AS_SHIPPED },
          asks: "worse",
          runs: same ? runs.same : runs.worse,
          peerRuns: same ? runs.others : runs.worse,
          otherRuns: same ? runs.others : runs.worse,
        },
      };
    }),
  );
}

const FEW = { stable: { ...CALM, count: 4 }, canary: { ...CALM, count: 2 } };

/** The same with few replicas, and with nothing known before, at 200 requests a second. */
export function fewRows(runs: Runs): readonly Row[] {
  const kinds = [
    ["4 + 2 replicas", FEW],
    ["no hour before", { historySeconds: 0 }],
    ["4 + 2, no hour before", { ...FEW, historySeconds: 0 }],
  ] as const;
  const changes = [...SAME.slice(0, 1), ...WORSE.filter(([name]) => FEW_CHANGES.has(name))];
  return kinds.flatMap(([kind, how]) =>
    changes.map((change): Row => {
      const good = SAME.includes(change);
      return {
        id: `F ${kind} ${change[0]}`,
        name: `${kind}: ${change[0]}`,
        asked: {
          traffic: changed({ ...STEADY, ...how }, change),
          plans: { plain: PLAIN, shipped: AS_SHIPPED },
          asks: "worse",
          runs: good ? runs.same / 2 : runs.worse,
          peerRuns: 0,
          otherRuns: good ? runs.others : runs.worse,
        },
      };
    }),
  );
}

const FEW_CHANGES = new Set(["0.1 → 0.5 %", "2 → 3 %", "all × 1.1", "p99 × 1.5"]);

/** Canary requests that the best test needs at a fixed share. */
function boundOf(pair: readonly [number, number], share: number, alpha: number): number {
  return Math.log(1 / alpha) / informationOf(pair, share);
}

/** Looks so fine that the last one hardly matters: a thirtieth of the bound each, up to so many times the bound. */
function fine(bound: number, share: number, times = 6): Traffic["stages"] {
  const requests = Math.max(1, bound / 30);
  return [{ share, seconds: requests / (200 * share), looks: Math.ceil((times * bound + 30) / requests) }];
}

const PAIRS = [
  [0.001, 0.002],
  [0.001, 0.005],
  [0.001, 0.01],
  [0.001, 0.05],
  [0.001, 0.5],
  [0.02, 0.03],
] as const;

/** One metric against the bound, at fixed shares. */
export function boundRows(runs: Runs): readonly Row[] {
  return [0.05, 0.5].flatMap((share) =>
    PAIRS.map(([from, to]): Row => {
      const change = errors(from, to);
      const traffic = changed(
        { ...STEADY, latency: false, stages: fine(boundOf([to, from], share, 0.01), share) },
        change,
      );
      return {
        id: `B ${share} ${change[0]}`,
        name: `${100 * share} % share, ${change[0]}`,
        asked: {
          traffic,
          plans: { plain: ERRORS_ONLY },
          asks: "worse",
          runs: runs.fine,
          peerRuns: 0,
          otherRuns: runs.others,
        },
      };
    }),
  );
}

const GOES: readonly (readonly [text: string, share: number, go: Margin])[] = [
  ["0.1 %, + 0.1 points", 0.001, { rho: 1, delta: 0.001 }],
  ["0.1 %, + 0.2 points", 0.001, { rho: 1, delta: 0.002 }],
  ["0.1 %, + 0.5 points", 0.001, GO_MARGIN],
  ["0.1 %, × 2", 0.001, { rho: 2, delta: 0 }],
  ["2 %, + 0.5 points", 0.02, GO_MARGIN],
  ["2 %, × 1.25", 0.02, { rho: 1.25, delta: 0 }],
  ["2 %, + 2 points", 0.02, { rho: 1, delta: 0.02 }],
];

/** The bound of a test that shows a margin to be kept: from the truth to the nearest pair on the margin. */
function goBound(share: number, canaryShare: number, go: Margin): number {
  const kl = (a: number, b: number): number => a * Math.log(a / b) + (1 - a) * Math.log((1 - a) / (1 - b));
  let best = Infinity;
  for (let i = 0; i <= 4_000; i++) {
    const m = share * 0.2 * 10 ** (i / 4_000);
    const q = go.rho * m + go.delta;
    const k = (1 - canaryShare) / canaryShare;
    if (q < 1) best = Math.min(best, kl(share, q) + k * kl(share, m));
  }
  return Math.log(20) / best;
}

/** `no-worse`: how soon of a good candidate, and how often of one at the margin. */
export function goRows(runs: Runs): readonly (Row & { bound: number; atMargin: boolean })[] {
  return [0.05, 0.5].flatMap((canaryShare) =>
    GOES.flatMap(([text, share, go]) =>
      [false, true].map((atMargin) => {
        const bound = goBound(share, canaryShare, go);
        const canary = atMargin ? go.rho * share + go.delta : share;
        const stages = fine(bound, canaryShare, 4);
        const plans = { plain: planOf(errorsOf({ omega: 1, go })) };
        const traffic = changed({ ...STEADY, latency: false, stages }, errors(share, canary));
        return {
          id: `go ${canaryShare} ${text}${atMargin ? " at the margin" : ""}`,
          name: `${100 * canaryShare} % share, ${text}`,
          bound,
          atMargin,
          asked: { traffic, plans, asks: "go" as const, runs: runs.fine, peerRuns: 0, otherRuns: runs.others },
        };
      }),
    ),
  );
}

const QUIET: Traffic = { ...STEADY, latency: false };
const WITH_MARGIN = planOf(errorsOf({ omega: 1, harm: { rho: 1.25, delta: 0 } }));
const SHIPPED_ERRORS = planOf(errorsOf({ omega: 1, harm: HARM_MARGIN }));
const WARM = planOf(errorsOf({ omega: 1, harm: NONE, warmupMs: ms(120_000) }));

/** Good candidates under trouble that is not theirs: one error metric, half a per cent failing. */
export function troubleRows(runs: Runs): readonly Row[] {
  const plans = { plain: ERRORS_ONLY, "× 1.25": WITH_MARGIN, shipped: SHIPPED_ERRORS };
  const rowOf = (name: string, traffic: Traffic, more: Case["plans"] = plans): Row => {
    const unequal = traffic.stable.tau > 0 || traffic.stable.burst > 1;
    const part = traffic.disturbance === "cold" ? 10 : unequal ? 2 : 1;
    return {
      id: `T ${name}`,
      name,
      asked: { traffic, plans: more, asks: "worse", runs: runs.same / part, peerRuns: 0, otherRuns: runs.others },
    };
  };
  const with_ = (how: Partial<Arm>): Traffic =>
    changed(QUIET, ["", { errors: 0.005, ...how }, { errors: 0.005, ...how }]);
  const disturbed = (disturbance: Disturbance, share = 0.005): Traffic => ({
    ...changed(QUIET, errors(share, share)),
    disturbance,
  });
  return [
    rowOf("none", with_({})),
    rowOf("bursts of 2", with_({ burst: 2 })),
    rowOf("bursts of 3", with_({ burst: 3 })),
    rowOf("bursts of 10", with_({ burst: 10 })),
    rowOf("replicas, tau 0.2", with_({ tau: 0.2 })),
    rowOf("replicas, tau 0.5", with_({ tau: 0.5 })),
    rowOf("bursts of 3, tau 0.2", with_({ burst: 3, tau: 0.2 })),
    rowOf("bursts of 3, tau 0.2, no hour before", { ...with_({ burst: 3, tau: 0.2 }), historySeconds: 0 }),
    rowOf("random walk of the error rate", disturbed("drift")),
    rowOf("error rate grows twentyfold", disturbed("ramp", 0.001)),
    rowOf("a minute at 30 %", disturbed("outage")),
    rowOf("share and error rate jump together", disturbed("weights")),
    rowOf("cold canary", disturbed("cold"), { plain: ERRORS_ONLY, shipped: SHIPPED_ERRORS }),
    rowOf("cold canary, two minutes left out", disturbed("cold"), { plain: WARM }),
  ];
}

/** Half of the canary's requests failing: seen in the first look that holds 15 of them? */
export function grossRows(runs: Runs): readonly Row[] {
  return [0.02, 0.05, 0.1, 0.3].flatMap((share) =>
    [0, HOUR].map((historySeconds): Row => {
      const stages = [{ share, seconds: 1, looks: 60 }];
      const traffic = changed({ ...STEADY, historySeconds, stages }, errors(0.001, 0.5));
      return {
        id: `G7 ${share} ${historySeconds}`,
        name: `${100 * share} % share${historySeconds > 0 ? "" : ", no hour before"}`,
        asked: {
          traffic,
          plans: { plain: PLAIN, shipped: AS_SHIPPED },
          asks: "worse",
          runs: runs.worse,
          peerRuns: 0,
          otherRuns: runs.others,
          untilRequests: 15,
        },
      };
    }),
  );
}

/** The interval of the difference, at every look. */
export function intervalRows(runs: Runs): readonly Row[] {
  const pairs = [errors(0.005, 0.005), errors(0.005, 0.01), errors(0.02, 0.03), errors(0.001, 0.05)];
  return pairs.map((change): Row => {
    const traffic = changed(QUIET, change);
    return {
      id: `interval ${change[0]}`,
      name: change[0],
      asked: {
        traffic,
        plans: { plain: ERRORS_ONLY },
        asks: "interval",
        runs: runs.fine,
        peerRuns: 0,
        otherRuns: runs.others,
      },
    };
  });
}
