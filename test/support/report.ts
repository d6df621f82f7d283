// Which rollouts are reported on in tests?
import type { Ended } from "../../src/core/engine/state.ts";
import type { MetricVerdict, Verdict } from "../../src/core/stats/plan.ts";
import type { Trail, TrailMetric } from "../../src/core/stats/trail.ts";
import { ms, weight } from "../../src/core/units.ts";
import type { Recorded } from "../../src/report/model.ts";
import type { Viewed } from "../../src/report/report.ts";

/** 2026-03-04 14:02:11 UTC. */
export const START = Date.UTC(2026, 2, 4, 14, 2, 11);

export const after = (seconds: number): ReturnType<typeof ms> => ms(START + seconds * 1_000);

export const ERRORS: MetricVerdict = {
  name: "success-rate",
  kind: "errors",
  unit: "share",
  effect: "rollBack",
  canary: 0.031,
  baseline: 0.001,
  interval: [0.021, 0.039],
  canaryRequests: 412,
  baselineRequests: 3_708,
  logBad: 7,
  logGo: -2,
  blamed: true,
  by: "comparison",
  noWorse: false,
  mustShow: true,
  needsRequests: undefined,
  missing: "is not within its margin so far",
  phi: 1.2,
  text: "3.1% of 412 canary requests failed against 0.10% of 3 708 on stable",
};

export const LATENCY: MetricVerdict = {
  ...ERRORS,
  name: "latency-p99",
  kind: "latency",
  unit: "ms",
  canary: 310,
  baseline: 300,
  interval: undefined,
  logBad: 0.2,
  logGo: 1.5,
  blamed: false,
  by: undefined,
  needsRequests: 900,
  missing: "needs about 900 more canary requests",
  text: "99th percentile 310 ms against 300 ms on stable",
};

export function verdictOf(kind: Verdict["kind"], metrics: readonly MetricVerdict[]): Verdict {
  const sure = 1 - Math.exp(-Math.max(0, ...metrics.map(({ logBad }) => logBad)));
  return { kind, sure, metrics, canaryRequests: 412, baselineRequests: 3_708, text: `The verdict is ${kind}.` };
}

export const fine = (metric: MetricVerdict): MetricVerdict => {
  return {
    ...metric,
    canary: metric.baseline,
    logBad: 0.1,
    logGo: 4,
    blamed: false,
    by: undefined,
    noWorse: true,
    missing: undefined,
  };
};

/** A trail of one point a second from the tenth on, as `at` tells it. */
export function trailOf(seconds: number, at: (second: number) => Readonly<Record<string, TrailMetric>>): Trail {
  const points = Array.from({ length: seconds }, (_, second) => ({
    atMs: after(10 + second),
    share: weight(100_000),
    canaryRequests: second * 10,
    kind: "undecided" as const,
    metrics: at(second),
  }));
  return { points, stride: 1, since: 0 };
}

const rising = (second: number): Readonly<Record<string, TrailMetric>> => ({
  "success-rate": {
    canary: second < 10 ? 0 : 0.03,
    baseline: 0.001,
    logBad: second < 10 ? -second / 20 : -0.5 + (second - 10) * 0.4,
    logGo: -second / 10,
    ...(second > 12 ? { interval: [0.01, 0.05] as const } : {}),
  },
  "latency-p99": { canary: 310, baseline: 300, logBad: -second / 50, logGo: second / 20 },
});

type Event = readonly [seconds: number, kind: Recorded["kind"], text: string, more?: Partial<Recorded>];

export function recordsOf(events: readonly Event[], rollout = 2): Recorded[] {
  return events.map(([seconds, kind, text, more], index) => {
    return { atMs: after(seconds), version: 40 + index, rollout, kind, text, step: 0, ...more };
  });
}

const BEGIN: readonly Event[] = [
  [0, "started", "shop/2 brings bbbb, to replace aaaa (canary)", { actor: "ann", reason: "one click" }],
  [8, "step", "canary has 2 of 2 ready"],
  [10, "step", "canary 10%, stable 90%"],
];

export const NOTHING: Viewed = { service: "shop", nowMs: after(600), history: [] };

export interface Sample {
  readonly records: readonly Recorded[];
  readonly view: Viewed;
}

/** A tenth from the tenth second on, and nothing once it went back. */
const MEASURED: Recorded["measured"] = {
  fromMs: after(0),
  everyMs: ms(10_000),
  requests: { stable: [100, 90, 180, 90, 100], canary: [0, 10, 20, 10] },
};

export function rolledBack(): Sample {
  const verdict = verdictOf("worse", [ERRORS, LATENCY]);
  const trail = trailOf(30, rising);
  const records = recordsOf([
    ...BEGIN,
    [40, "back", verdict.text, { verdict, trail }],
    [46, "ended", "shop/2 rolled-back", { trail, measured: MEASURED }],
  ]);
  return { records, view: NOTHING };
}

export function promoted(): Sample {
  const verdict = verdictOf("no-worse", [fine(ERRORS), fine(LATENCY)]);
  const trail = trailOf(100, (second) => ({
    "success-rate": { canary: 0.001, baseline: 0.001, logBad: 0, logGo: second / 25 },
  }));
  const records = recordsOf([
    ...BEGIN,
    [105, "verdict", verdict.text, { verdict }],
    [110, "step", "judged no worse after 1m 40s"],
    [112, "step", "canary 100%"],
    [120, "step", "bbbb promoted"],
    [125, "ended", "shop/2 promoted", { trail }],
  ]);
  const ended: Ended = {
    number: 2,
    candidate: "bbbb",
    outcome: "promoted",
    why: "bbbb is stable",
    startedMs: after(0),
    endedMs: after(125),
  };
  return { records, view: { ...NOTHING, history: [ended] } };
}

/** Undecided when its time was up, and waiting for a person. */
export function held(): Sample {
  const lost = { ...LATENCY, canaryRequests: 0, missing: undefined, canary: undefined };
  const verdict = verdictOf("undecided", [{ ...ERRORS, blamed: false, by: undefined, logBad: 1.2 }, lost]);
  const rollout: Viewed["rollout"] = {
    number: 2,
    strategy: "canary",
    candidate: "bbbb",
    replaces: "aaaa",
    startedMs: after(0),
    waiting: { for: "person", text: "undecided, held as asked" },
    verdict,
    trail: trailOf(200, (second) => (second % 50 < 40 ? rising(second % 12) : {})),
  };
  return {
    records: recordsOf([...BEGIN, [50, "command", "paused", { actor: "ben", reason: "lunch" }]]),
    view: { ...NOTHING, rollout },
  };
}

/** A first version under way, of which nothing is judged. */
export function empty(): Sample {
  return {
    records: recordsOf([[0, "started", "shop/1 brings aaaa (first)"]], 1),
    view: { ...NOTHING, nowMs: after(0) },
  };
}

export const SAMPLES = { rolledBack, promoted, held, empty } as const;

/** What a text may hold that means something elsewhere. */
export const HOSTILE = `</title><script>alert("1")</script> & | \`code\` **bold** [a](https://x.test) $x$ ~y~ @ann #7 'q'\nnext\u0000\u202Eline`;
