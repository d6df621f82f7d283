// Does the verdict say what the evidence says, and nothing else?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bucketOf } from "../histogram.ts";
import { ms } from "../units.ts";
import { GO_FACTOR, GO_MARGIN, HARM_FACTOR, HARM_MARGIN } from "./defaults.ts";
import type { AnalysisPlan, ErrorMetric, LatencyMetric, Look, LookRow } from "./plan.ts";
import { beginJudgement, learn, look, startAnalysis, startBackground, verdictOf } from "./verdict.ts";

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
  warmupMs: ms(0),
  harmFactor: HARM_FACTOR,
  goFactor: GO_FACTOR,
};

const PLAN: AnalysisPlan = { falseRollback: 0.01, falseGo: 0.05, metrics: [ERRORS, LATENCY] };

/** A replica with so many requests, of which so many failed; one of twenty took `slowMs`. */
function row(replica: string, [requests, failed]: readonly [number, number], slowMs = 50): LookRow {
  const [arm = "stable"] = replica.split("-");
  const latency = {
    [bucketOf(20_000)]: requests - Math.ceil(requests / 20),
    [bucketOf(slowMs * 1_000)]: Math.ceil(requests / 20),
  };
  const known = arm === "canary" || arm === "baseline" ? arm : "stable";
  return { replica, arm: known, ageMs: ms(600_000), requests, failed, clientErrors: 0, latency };
}

const seen = (...rows: readonly LookRow[]): Look => ({ durationMs: ms(1_000), rows });

const fine = seen(
  row("canary-0", [20, 0]),
  row("stable-0", [60, 0]),
  row("stable-1", [60, 0]),
  row("stable-2", [60, 0]),
);

function run(plan: AnalysisPlan, looks: readonly Look[]) {
  return looks.reduce((state, next) => look(plan, state, next), startAnalysis(plan));
}

const times = (count: number, one: Look): Look[] => Array.from({ length: count }, () => one);

describe("the three answers", () => {
  test("nothing seen: undecided", () => {
    const verdict = verdictOf(PLAN, startAnalysis(PLAN));
    expect(verdict).toMatchObject({ kind: "undecided", sure: 0, canaryRequests: 0 });
    expect(verdict.text).toBe("Nothing to judge by yet: the canary has ended no request.");
  });

  test("a canary without requests is never no worse", () => {
    const idle = seen(row("stable-0", [1_000, 1]), row("stable-1", [1_000, 1]));
    expect(verdictOf(PLAN, run(PLAN, times(100, idle))).kind).toBe("undecided");
  });

  test("a baseline without requests shows nothing", () => {
    const alone = seen(row("canary-0", [1_000, 500]));
    expect(verdictOf(PLAN, run(PLAN, times(100, alone))).kind).toBe("undecided");
  });

  test("no metrics: undecided", () => {
    const plan = { ...PLAN, metrics: [] };
    expect(verdictOf(plan, run(plan, times(10, fine))).kind).toBe("undecided");
  });

  test("half of the canary's requests failing: worse, and why", () => {
    const state = run(PLAN, [seen(row("canary-0", [20, 10]), row("stable-0", [180, 0]))]);
    const verdict = verdictOf(PLAN, state);
    expect(verdict.kind).toBe("worse");
    expect(verdict.metrics.map((metric) => metric.blamed)).toEqual([true, false]);
    expect(verdict.metrics[0]?.by).toBe("comparison");
    expect(verdict.sure).toBeGreaterThan(0.99);
    expect(verdict.text).toMatch(
      /^The canary is worse, (over )?99\.\d% sure\. success-rate: 50% of 20 canary requests failed against 0% of 180 on stable\.$/u,
    );
  });

  test("half of them failing after a good second: worse two looks later, when it is no burst", () => {
    const half = seen(row("canary-0", [20, 10]), row("stable-0", [180, 0]));
    expect(verdictOf(PLAN, run(PLAN, [fine, half, half, half])).kind).toBe("worse");
  });

  test("an outage of everything: not the canary's fault", () => {
    const outage = seen(row("canary-0", [20, 20]), row("stable-0", [90, 90]), row("stable-1", [90, 90]));
    const state = run(PLAN, [...times(60, fine), ...times(120, outage), ...times(60, fine), ...times(5, outage)]);
    expect(verdictOf(PLAN, state).kind).not.toBe("worse");
  });

  test("everything failing: worse within a dozen requests", () => {
    expect(verdictOf(PLAN, run(PLAN, [seen(row("canary-0", [12, 12]), row("stable-0", [108, 0]))])).kind).toBe("worse");
  });

  test("slow answers: worse, and why", () => {
    const slow = seen(row("canary-0", [20, 0], 120), row("stable-0", [90, 0]), row("stable-1", [90, 0]));
    const verdict = verdictOf(PLAN, run(PLAN, [...times(20, fine), ...times(120, slow)]));
    expect(verdict.kind).toBe("worse");
    expect(verdict.metrics.map((metric) => metric.blamed)).toEqual([false, true]);
    expect(verdict.metrics[1]?.text).toMatch(
      /^99th percentile 1\d\d ms against 5\d ms on stable; 4\.\d% of canary requests were slower than stable's 99th percentile \+ 9%$/u,
    );
  });

  test("enough good requests: no worse; a new judgement begins without them", () => {
    const state = run(PLAN, times(400, fine));
    expect(verdictOf(PLAN, state).kind).toBe("no-worse");
    const again = beginJudgement(PLAN, state);
    const verdict = verdictOf(PLAN, again);
    expect(verdict.kind).toBe("undecided");
    expect(verdict.metrics.every((metric) => (metric.needsRequests ?? 0) > 100)).toBe(true);
    expect(verdict.text).toMatch(
      /^Undecided: success-rate needs about [\d ]+ more canary requests, latency-p99 needs/u,
    );
    expect(verdictOf(PLAN, run(PLAN, [])).metrics[0]?.needsRequests).toBeUndefined();
  });

  test("worse, once shown, stays", () => {
    const state = run(PLAN, [seen(row("canary-0", [20, 20]), row("stable-0", [180, 0])), ...times(300, fine)]);
    expect(verdictOf(PLAN, state).kind).toBe("worse");
  });
});

describe("what counts", () => {
  test("replicas that are too young count in neither arm", () => {
    const plan = { ...PLAN, metrics: [{ ...ERRORS, omega: 1, warmupMs: ms(60_000) }] };
    const young = { ...row("canary-0", [100, 100]), ageMs: ms(30_000) };
    const state = run(plan, times(5, seen(young, row("stable-0", [900, 1]))));
    expect(verdictOf(plan, state)).toMatchObject({ kind: "undecided", metrics: [{ canaryRequests: 0 }] });
  });

  test("requests that no replica could answer count as failures of the arm, at any age", () => {
    const plan = { ...PLAN, metrics: [{ ...ERRORS, omega: 1, warmupMs: ms(60_000) }] };
    const nobody: LookRow = { ...row("canary-0", [20, 20]), replica: "-", ageMs: ms(0), latency: {} };
    expect(verdictOf(plan, run(plan, [seen(nobody, row("stable-0", [180, 0]))])).kind).toBe("worse");
  });

  test("latency is compared with the young baseline, errors with all that run the stable revision", () => {
    const three = seen(row("canary-0", [100, 0], 80), row("baseline-0", [100, 0], 80), row("stable-0", [800, 0], 20));
    const state = run(PLAN, times(120, three));
    const verdict = verdictOf(PLAN, state);
    expect(verdict.kind).toBe("no-worse");
    expect(verdict.metrics.map((metric) => metric.baselineRequests)).toEqual([108_000, 12_000]);
    expect(verdict.metrics[1]?.text).toContain("on baseline");
  });

  test("a bound that only the canary crosses: worse, by the bound", () => {
    const plan = { ...PLAN, metrics: [{ ...ERRORS, omega: 1, max: 0.02, harm: { rho: 50, delta: 0.5 } }] };
    const verdict = verdictOf(plan, run(plan, times(30, seen(row("canary-0", [20, 2]), row("stable-0", [180, 0])))));
    expect(verdict).toMatchObject({ kind: "worse", metrics: [{ by: "bound", blamed: true }] });
  });

  test("a bound that both arms cross: held back, not the canary's fault", () => {
    const plan = { ...PLAN, metrics: [{ ...ERRORS, omega: 1, max: 0.02 }] };
    const state = run(
      plan,
      times(60, seen(row("canary-0", [20, 6]), row("stable-0", [90, 27]), row("stable-1", [90, 27]))),
    );
    const verdict = verdictOf(plan, state);
    expect(verdict.kind).toBe("undecided");
    expect(verdict.suspended).toBe(
      "canary and stable are both beyond the bound of success-rate: an incident of the environment",
    );
    expect(verdict.text).toBe(`Held back: ${verdict.suspended}.`);
  });

  test("a latency beyond its bound: worse, by the bound", () => {
    const plan = { ...PLAN, metrics: [{ ...LATENCY, omega: 1, maxMs: ms(100), harmFactor: 50 }] };
    const slow = seen(row("canary-0", [20, 0], 400), row("stable-0", [90, 0], 50), row("stable-1", [90, 0], 50));
    expect(verdictOf(plan, run(plan, times(120, slow)))).toMatchObject({ kind: "worse", metrics: [{ by: "bound" }] });
  });
});

describe("history", () => {
  const quiet = seen(row("stable-0", [60, 0]), row("stable-1", [60, 0]), row("stable-2", [60, 0]));
  const noisy = seen(row("stable-0", [60, 6]), row("stable-1", [60, 0]), row("stable-2", [60, 0]));
  const learnt = (looks: readonly Look[]) => looks.reduce(learn, startBackground());

  test("errors that come in bursts on stable count less against the canary", () => {
    const known = learnt(Array.from({ length: 600 }, (_, index) => (index % 20 === 0 ? noisy : quiet)));
    const burst = seen(
      row("canary-0", [20, 6]),
      row("stable-0", [60, 0]),
      row("stable-1", [60, 0]),
      row("stable-2", [60, 0]),
    );
    const surprised = look(PLAN, startAnalysis(PLAN, learnt(times(600, quiet))), burst);
    const used = look(PLAN, startAnalysis(PLAN, known), burst);
    expect(surprised.top).toBeGreaterThan(Math.log(100));
    expect(used.top).toBeLessThan(2);
  });

  test("thresholds of latency are known from the first look on", () => {
    const [, latency] = startAnalysis(PLAN, learnt(times(100, quiet))).metrics;
    expect(latency?.kind === "latency" && latency.thresholds.every(({ bucket }) => bucket !== null)).toBe(true);
  });

  test("its size is bounded", () => {
    const looks = Array.from({ length: 2_000 }, (_, index) =>
      seen(row(`stable-${index}`, [100, 1], 20 + (index % 500))),
    );
    expect(JSON.stringify(learnt(looks)).length).toBeLessThan(40_000);
  });
});

const anyRow = fc
  .record({
    replica: fc.constantFrom("canary-0", "canary-1", "stable-0", "stable-1", "baseline-0"),
    requests: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5_000 })),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    slowMs: fc.integer({ min: 1, max: 200_000 }),
  })
  .map((made) => row(made.replica, [made.requests, Math.round(made.share * made.requests)], made.slowMs));
const anyLook = fc
  .uniqueArray(anyRow, { selector: (made) => made.replica, maxLength: 5 })
  .map((rows) => ({ durationMs: ms(1_000), rows }));
const anyLooks = fc.array(anyLook, { maxLength: 12 });
const BOUNDED: AnalysisPlan = {
  ...PLAN,
  metrics: [
    { ...ERRORS, max: 0.05 },
    { ...LATENCY, maxMs: ms(500) },
  ],
};

describe("properties", () => {
  test("pure: neither state nor look changes, and the same gives the same", () => {
    fc.assert(
      fc.property(anyLooks, anyLook, (looks, next) => {
        const state = run(BOUNDED, looks);
        const before = JSON.stringify([state, next]);
        expect(look(BOUNDED, state, next)).toEqual(look(BOUNDED, state, next));
        expect(JSON.stringify([state, next])).toBe(before);
      }),
      { numRuns: 40 },
    );
  });

  test("through JSON nothing is lost", () => {
    fc.assert(
      fc.property(anyLooks, anyLook, (looks, next) => {
        const state = run(BOUNDED, looks);
        const read = JSON.parse(JSON.stringify(state)) as typeof state;
        expect(read).toEqual(state);
        expect(verdictOf(BOUNDED, look(BOUNDED, read, next))).toEqual(verdictOf(BOUNDED, look(BOUNDED, state, next)));
      }),
      { numRuns: 40 },
    );
  });

  test("the order of rows is irrelevant", () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const turned = looks.map((one) => ({ ...one, rows: one.rows.toReversed() }));
        expect(run(BOUNDED, turned)).toEqual(run(BOUNDED, looks));
      }),
      { numRuns: 40 },
    );
  });

  test("every figure is finite, every sentence without holes", () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const verdict = verdictOf(BOUNDED, run(BOUNDED, looks));
        expect(verdict.sure).toBeGreaterThanOrEqual(0);
        expect(verdict.sure).toBeLessThanOrEqual(1);
        for (const metric of verdict.metrics) {
          for (const value of [metric.logBad, metric.logGo, metric.phi]) expect(Number.isFinite(value)).toBe(true);
          expect(metric.text).not.toMatch(/NaN|undefined|null|Infinity/u);
        }
        expect(verdict.text).not.toMatch(/NaN|undefined|null|Infinity/u);
      }),
      { numRuns: 60 },
    );
  });

  test("more failures of the canary in the last look are never less evidence against it", () => {
    fc.assert(
      fc.property(anyLooks, fc.nat({ max: 20 }), (looks, failed) => {
        const plan = { ...PLAN, metrics: [{ ...ERRORS, omega: 1 }] };
        const state = run(plan, looks);
        const evidence = (x: number): number => {
          const next = look(
            plan,
            { ...state, metrics: state.metrics },
            seen(row("canary-0", [30, x]), row("stable-0", [99, 1])),
          );
          const [metric] = next.metrics;
          return metric?.kind === "errors" ? Math.max(...metric.contrast.harm.logs) : NaN;
        };
        expect(evidence(failed + 1)).toBeGreaterThanOrEqual(evidence(failed) - 1e-9);
      }),
      { numRuns: 40 },
    );
  });
});
