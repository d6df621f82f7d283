// Does what replicas tell of themselves lead to the right verdict?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRollout } from "../spec/parse.ts";
import { compile } from "../plan/compile.ts";
import type { Grown } from "../signals.ts";
import { ms } from "../units.ts";
import type { AnalysisPlan, Look, SignalRow } from "./plan.ts";
import { beginJudgement, look, startAnalysis, verdictOf } from "./verdict.ts";
import { PROCESS_ABILITIES } from "../../adapters/process/abilities.ts";
import { PROXY_ABILITIES } from "../../adapters/proxy/abilities.ts";

/** The plan of a file with these metrics. */
function planOf(metrics: string): AnalysisPlan {
  const parsed = parseRollout(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop], replicas: 4, metrics: {} } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
  analysis: { warmup: 0s, metrics: [${metrics}] }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const compiled = compile(parsed.rollout, {
    abilities: { router: PROXY_ABILITIES, workload: PROCESS_ABILITIES },
    stable: true,
  });
  if (!compiled.ok || !compiled.program.analysis) throw new Error(JSON.stringify(compiled));
  return compiled.program.analysis;
}

const counter = (value: number): Grown => ({ kind: "counter", value });
const gauge = (value: number): Grown => ({ kind: "gauge", value });

type Values = Readonly<Record<string, Grown>>;

/** A minute of a canary with two replicas and a stable fleet of four, each telling the same with a little noise. */
function minute(index: number, canary: Values, stable: Values): Look {
  const durationMs = 60_000;
  const row = (arm: SignalRow["arm"], number: number, values: Values): SignalRow => ({
    replica: `${arm}-${number}`,
    arm,
    ageMs: ms(600_000),
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        value.kind === "gauge"
          ? { ...value, value: value.value * (1 + 0.01 * (((index * 7 + number * 3) % 5) - 2)) }
          : value,
      ]),
    ),
  });
  const rows = [0, 1].map((n) => row("canary", n, canary)).concat([0, 1, 2, 3].map((n) => row("stable", n, stable)));
  return { durationMs: ms(durationMs), rows: [], signals: [{ durationMs: ms(durationMs), rows, troubles: [] }] };
}

function after(plan: AnalysisPlan, minutes: number, one: (index: number) => Look) {
  let state = startAnalysis(plan);
  for (let index = 0; index < minutes; index++) state = look(plan, state, one(index));
  return { state, verdict: verdictOf(plan, state) };
}

const ERRORS = "{ preset: success-rate }";

describe("shares of events", () => {
  const plan = planOf("{ preset: cache-hit-rate, good: hits, total: gets }");

  test("a cache that misses more often: worse", () => {
    const { verdict } = after(plan, 20, (i) =>
      minute(i, { hits: counter(700), gets: counter(1_000) }, { hits: counter(900), gets: counter(1_000) }),
    );
    expect(verdict.kind).toBe("worse");
    expect(verdict.text).toContain("30% of 40 000 canary look-ups missed against 10% of 80 000 on stable");
  });

  test("one that does as well: no worse, and a new judgement begins afresh", () => {
    const same = { hits: counter(900), gets: counter(1_000) };
    const { state, verdict } = after(plan, 30, (i) => minute(i, same, same));
    expect(verdict.kind).toBe("no-worse");
    expect(verdictOf(plan, beginJudgement(plan, state)).kind).toBe("undecided");
  });

  test("fewer orders per visit: worse; more of them: not", () => {
    const conversion = planOf("{ preset: conversion, good: orders, total: visits }");
    const seen = (orders: number) => (i: number) =>
      minute(i, { orders: counter(orders), visits: counter(1_000) }, { orders: counter(50), visits: counter(1_000) });
    const fewer = after(conversion, 30, seen(30)).verdict;
    expect(fewer.kind).toBe("worse");
    expect(fewer.metrics[0]).toMatchObject({ canary: 0.03, baseline: 0.05 });
    const more = after(conversion, 30, seen(60)).verdict;
    expect(more.kind).toBe("no-worse");
    const [low = 1, high = -1] = more.metrics[0]?.interval ?? [];
    expect([low < 0.01, high > 0.01]).toEqual([true, true]);
  });

  test("a part that nobody ever tells of is no pass", () => {
    const { verdict } = after(planOf("{ preset: downstream-errors, bad: misspelt, total: calls }"), 60, (i) =>
      minute(i, { calls: counter(1_000) }, { calls: counter(1_000) }),
    );
    expect(verdict.kind).toBe("undecided");
    expect(verdict.text).toContain("has seen no misspelt yet on any replica: is its name right?");
  });

  test("a part that is more than its whole is left out", () => {
    const { verdict } = after(plan, 10, (i) =>
      minute(i, { hits: counter(2), gets: counter(1) }, { hits: counter(9), gets: counter(10) }),
    );
    expect(verdict).toMatchObject({ kind: "undecided", metrics: [{ canaryRequests: 0 }] });
  });
});

describe("values in buckets of the service's own", () => {
  const plan = planOf("{ preset: database-latency, series: db }");
  const histogram = (counts: readonly number[], bounds = [0.01, 0.1, 1]): Grown => ({
    kind: "histogram",
    bounds,
    counts,
  });

  test("more beyond a bound: worse", () => {
    const { verdict } = after(plan, 10, (i) =>
      minute(i, { db: histogram([500, 300, 190, 10]) }, { db: histogram([800, 180, 19, 1]) }),
    );
    expect(verdict.kind).toBe("worse");
    expect(verdict.text).toContain("20% of the canary's beyond 0.10 s, 2.0% of stable's");
  });

  test("the same: no worse", () => {
    const same = { db: histogram([800, 180, 19, 1]) };
    expect(after(plan, 60, (i) => minute(i, same, same)).verdict.kind).toBe("no-worse");
  });

  test("other buckets in one arm: refused by name, and no pass", () => {
    const { verdict } = after(plan, 60, (i) =>
      minute(i, { db: histogram([800, 199, 1], [0.02, 1]) }, { db: histogram([800, 180, 19, 1]) }),
    );
    expect(verdict.kind).toBe("undecided");
    expect(verdict.text).toMatch(/db of \S+ has other buckets than the others: nothing can be compared/u);
  });
});

describe("levels", () => {
  const memory = (canary: number, stable: number) => (i: number) =>
    minute(i, { "process.memory": gauge(canary) }, { "process.memory": gauge(stable) });

  test("half as much again: holds the rollout, and does not take it back", () => {
    const { verdict } = after(planOf("{ preset: memory }"), 60, memory(300e6, 200e6));
    expect(verdict.kind).toBe("undecided");
    expect(verdict.suspended).toContain("memory: 286 MiB against 191 MiB on stable");
  });

  test("with effect: rollBack it does take it back", () => {
    expect(after(planOf("{ preset: memory, effect: rollBack }"), 60, memory(300e6, 200e6)).verdict.kind).toBe("worse");
  });

  test("the same: nothing against it; with nothing read, no pass", () => {
    const plan = planOf("{ preset: memory }");
    expect(after(plan, 60, memory(200e6, 200e6)).verdict.kind).toBe("no-worse");
    const { verdict } = after(plan, 60, (i) => minute(i, {}, {}));
    expect(verdict.kind).toBe("undecided");
    expect(verdict.text).toContain("memory has nothing to go by yet");
  });

  test("beyond its bound for minutes while stable is not: taken back; both beyond it: an incident", () => {
    const plan = planOf("{ preset: memory, max: 250MB }");
    const alone = after(plan, 5, memory(300e6, 200e6)).verdict;
    expect(alone.kind).toBe("worse");
    expect(alone.text).toContain("The canary is beyond its bound. memory: 286 MiB");
    const both = after(plan, 5, memory(300e6, 300e6)).verdict;
    expect(both.kind).toBe("undecided");
    expect(both.suspended).toContain("an incident of the environment");
  });

  test("a counter per second, and a sum by its count", () => {
    const plan = planOf("{ preset: cpu }, { kind: mean, name: basket, series: euros, total: baskets, worse: down }");
    const { verdict } = after(plan, 60, (i) =>
      minute(
        i,
        { "process.cpu": counter(30 + (i % 3)), euros: counter(2_000 + (i % 7)), baskets: counter(100) },
        { "process.cpu": counter(30 + ((i + 1) % 3)), euros: counter(4_000 + (i % 5)), baskets: counter(100) },
      ),
    );
    expect(verdict.metrics[0]?.canary).toBeCloseTo(31 / 60, 1);
    expect(verdict.metrics[1]?.canary).toBeCloseTo(20, 0);
    expect(verdict.suspended).toContain("basket: 20");
  });
});

describe("seldom things", () => {
  test("crashes of the canary alone: worse", () => {
    const { verdict } = after(planOf(`${ERRORS}, { preset: crashes }`), 5, (i) =>
      minute(i, { "process.restarts": counter(i < 3 ? 4 : 0) }, { "process.restarts": counter(0) }),
    );
    expect(verdict.kind).toBe("worse");
    expect(verdict.text).toMatch(/crashes: 24 on the canary \(.* an hour\) against 0 on stable/u);
  });

  test("sign-ups per request that become fewer: held", () => {
    const plan = planOf("{ preset: sign-ups, series: ups }");
    const { verdict } = after(plan, 60, (i) => {
      const rows = (arm: "canary" | "stable", n: number, requests: number) =>
        Array.from({ length: n }, (_, at) => ({
          replica: `${arm}-${at}`,
          arm,
          ageMs: ms(600_000),
          requests,
          failed: 0,
          clientErrors: 0,
          latency: {},
        }));
      return {
        ...minute(i, { ups: counter(2) }, { ups: counter(20) }),
        rows: [...rows("canary", 2, 1_000), ...rows("stable", 4, 1_000)],
      };
    });
    expect(verdict.suspended).toContain("sign-ups: 240 on the canary");
  });
});

describe("the split itself", () => {
  test("a canary that gets half of its share: held back; its share: not", () => {
    const plan = planOf(ERRORS);
    const seen = (requests: number): Look => ({
      durationMs: ms(1_000),
      shares: { canary: 0.1, stable: 0.9 },
      rows: [
        { replica: "c", arm: "canary", ageMs: ms(1), requests, failed: 0, clientErrors: 0, latency: {} },
        { replica: "s", arm: "stable", ageMs: ms(1), requests: 1_800, failed: 0, clientErrors: 0, latency: {} },
      ],
    });
    expect(after(plan, 60, () => seen(100)).verdict.suspended).toMatch(/split|share/u);
    expect(after(plan, 60, () => seen(200)).verdict.suspended).toBeUndefined();
  });
});

test("through JSON nothing is lost", () => {
  const plan = planOf(
    "{ preset: cache-hit-rate, good: hits, total: gets }, { preset: memory }, { preset: crashes }, { preset: memory-leak }, { preset: anomaly, series: q }",
  );
  const one = (i: number): Look =>
    minute(
      i,
      {
        hits: counter(90),
        gets: counter(100),
        "process.memory": gauge(2e8),
        "process.restarts": counter(0),
        q: gauge(5),
      },
      {
        hits: counter(90),
        gets: counter(100),
        "process.memory": gauge(2e8),
        "process.restarts": counter(0),
        q: gauge(5),
      },
    );
  const { state } = after(plan, 12, one);
  const read = JSON.parse(JSON.stringify(state)) as typeof state;
  expect(read).toEqual(state);
  expect(verdictOf(plan, look(plan, read, one(12)))).toEqual(verdictOf(plan, look(plan, state, one(12))));
});

describe("properties", () => {
  const share = fc.integer({ min: 0, max: 1_000 });
  const shares = fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 10 });
  /** The strongest component: before it is weighed by how failures clump, which looks at the canary too. */
  function evidence(plan: AnalysisPlan, looks: readonly Look[]): number {
    const [metric] = looks.reduce((state, seen) => look(plan, state, seen), startAnalysis(plan)).metrics;
    return metric?.kind === "ratio" ? Math.max(...metric.contrast.harm.logs) : NaN;
  }

  test.each([
    ["shares of what goes wrong", "{ preset: downstream-errors, bad: x, total: n }", 1],
    ["shares of what goes right, looked at by the rest", "{ preset: cache-hit-rate, good: x, total: n }", -1],
    ["shares of what is seldom right", "{ preset: conversion, good: x, total: n }", -1],
  ] as const)("%s: more of it is never less evidence", (_, metric, sign) => {
    const plan = planOf(metric);
    fc.assert(
      fc.property(shares, share, ([...past], last) => {
        const seen = past.map(([c, b], i) =>
          minute(i, { x: counter(c), n: counter(1_000) }, { x: counter(b), n: counter(1_000) }),
        );
        const at = (x: number): number =>
          evidence(plan, [
            ...seen,
            minute(99, { x: counter(x), n: counter(1_000) }, { x: counter(20), n: counter(1_000) }),
          ]);
        const worse = Math.min(1_000, Math.max(0, last + sign));
        expect(at(worse)).toBeGreaterThanOrEqual(at(last) - 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  test("the order of rows and of sources is irrelevant", () => {
    const plan = planOf("{ preset: memory }, { preset: cache-hit-rate, good: hits, total: gets }");
    fc.assert(
      fc.property(shares, (past) => {
        const seen = past.map(([c, b], i) => {
          const one = (v: number): Values => ({
            hits: counter(v),
            gets: counter(1_000),
            "process.memory": gauge(1e6 + v),
          });
          return minute(i, one(c), one(b));
        });
        const turned = seen.map((one) =>
          Object.assign({}, one, {
            signals: one.signals?.map((told) => Object.assign({}, told, { rows: told.rows.toReversed() })),
          }),
        );
        const after_ = (looks: readonly Look[]) =>
          looks.reduce((state, at) => look(plan, state, at), startAnalysis(plan));
        const [a, b] = [verdictOf(plan, after_(seen)), verdictOf(plan, after_(turned))];
        expect(b.kind).toBe(a.kind);
        a.metrics.forEach((metric, index) => expect(b.metrics[index]?.logBad).toBeCloseTo(metric.logBad, 6));
      }),
      { numRuns: 40 },
    );
  });

  test("every figure is finite, every sentence without holes", () => {
    const plan = planOf(
      "{ preset: memory }, { preset: cpu }, { preset: memory-leak, limit: 1GiB }, { preset: crashes }, { preset: sign-ups, series: ups }, { preset: database-latency, series: db }, { preset: conversion, good: o, total: v }, { preset: anomaly, series: q }",
    );
    const level = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }));
    const values = fc
      .record({ level, count: fc.nat(1_000), buckets: fc.array(fc.nat(500), { minLength: 3, maxLength: 3 }) })
      .map(({ level: value, count, buckets }): Values => ({
        "process.memory": gauge(value),
        "process.cpu": counter(count),
        "process.restarts": counter(count % 3),
        ups: counter(count),
        db: { kind: "histogram", bounds: [0.1, 1], counts: buckets },
        o: counter(Math.min(count, 10)),
        v: counter(count),
        q: gauge(value),
      }));
    fc.assert(
      fc.property(fc.array(fc.tuple(values, values), { maxLength: 20 }), (looks) => {
        const seen = looks.map(([c, b], i) => minute(i, c, b));
        const verdict = verdictOf(
          plan,
          seen.reduce((state, at) => look(plan, state, at), startAnalysis(plan)),
        );
        for (const metric of verdict.metrics) {
          for (const value of [metric.logBad, metric.logGo, metric.phi]) expect(Number.isFinite(value)).toBe(true);
          expect(`${metric.text} ${metric.missing ?? ""}`).not.toMatch(/NaN|undefined|null|Infinity/u);
        }
        expect(verdict.text).not.toMatch(/NaN|undefined|null|Infinity/u);
      }),
      { numRuns: 60 },
    );
  });
});
