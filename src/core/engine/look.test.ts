// Is what was counted taken for what it is, also when clocks, counters and sources misbehave?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";
import type { Counters } from "../evidence.ts";
import type { Reading, Signals } from "../signals.ts";
import { ms } from "../units.ts";
import { seen, unreadable } from "../world.ts";
import { decide } from "./decide.ts";
import type { Input } from "./input.ts";
import { lookSince } from "./look.ts";
import { Turn } from "./turn.ts";

const HOLD = `{ canary: { steps: [{ weight: 20%, hold: 60s }, { weight: 50%, hold: 60s }] } }`;

/** A desk whose canary has had a few looks. */
function looking(): Desk {
  const desk = Desk.serving(HOLD);
  desk.apply("v2");
  desk.passUntil(() => desk.canary === 20);
  desk.pass(3_000);
  return desk;
}

/** Decides once with another reading than the desk's own. */
function once(desk: Desk, change: (input: Input) => Partial<Input>): Desk {
  desk.nowMs += 500;
  const input = desk.input();
  desk.state = decide(desk.state, { ...input, ...change(input) }).state;
  return desk;
}

const counted = (desk: Desk): number => desk.rollout.verdict?.canaryRequests ?? 0;

function counters(input: Input, change: (counters: Counters) => Counters): Partial<Input> {
  if (input.counters.kind !== "value") throw new Error("the desk reads no counters");
  return { counters: seen(change(input.counters.value)) };
}

describe("counters", () => {
  test("a reading that is late is left out, and what it held comes with the next", () => {
    const desk = looking();
    const before = counted(desk);
    once(desk, (input) => counters(input, (read) => ({ ...read, at: ms(read.at - 2_000) })));
    expect(counted(desk)).toBe(before);
    desk.pass(500);
    expect(counted(desk)).toBe(before + 20);
  });

  test("a clock that is set back by an hour does not stop the evidence", () => {
    const desk = looking();
    const before = counted(desk);
    desk.nowMs -= 3_600_000;
    desk.pass(5_000);
    expect(counted(desk)).toBe(before + 100);
  });

  test("a counter that began again counts from 0", () => {
    const desk = looking();
    const before = counted(desk);
    once(desk, (input) =>
      counters(input, (read) => ({
        ...read,
        series: read.series.map((one) => ({ ...one, requests: 3, failed: 0, clientErrors: 0, latency: { 80: 3 } })),
      })),
    );
    expect(counted(desk)).toBe(before + 3);
  });

  test("a count that shrank while another grew is a beginning too, never less than nothing", () => {
    const desk = looking();
    desk.errors["2-canary"] = 0.5;
    desk.errors["1-canary"] = 0.5;
    desk.pass(1_000);
    once(desk, (input) =>
      counters(input, (read) => ({ ...read, series: read.series.map((one) => ({ ...one, failed: 0 })) })),
    );
    const metric = desk.rollout.verdict?.metrics[0];
    expect(metric?.canary).toBeGreaterThanOrEqual(0);
    expect(metric?.baseline).toBeGreaterThanOrEqual(0);
  });

  test.each([NaN, -1, Infinity])("a counter that stands at %s is no evidence, and says so", (value) => {
    const desk = looking();
    const before = counted(desk);
    once(desk, (input) =>
      counters(input, (read) => ({ ...read, series: read.series.map((one) => ({ ...one, requests: value })) })),
    );
    expect(counted(desk)).toBe(before);
    expect(desk.rollout.blind).toMatch(new RegExp(`stands at ${value}$`, "u"));
    desk.pass(500);
    expect([desk.rollout.blind, counted(desk)]).toEqual([undefined, before + 20]);
  });

  test("a gap is one long look: nothing is lost and nothing counts twice", () => {
    const desk = looking();
    const before = counted(desk);
    desk.metrics = "gone";
    desk.pass(10_000);
    desk.metrics = "read";
    desk.pass(500);
    expect(counted(desk)).toBe(before + 10 * 21);
  });
});

describe("signals", () => {
  const reading = (desk: Desk, value: Reading, atMs = desk.nowMs): Signals => ({
    at: ms(atMs),
    troubles: [],
    series: ["1-canary-0", "2-canary-0"].map((replica) => ({
      replica,
      pool: replica.slice(0, -2),
      epoch: "1",
      values: { x: value },
    })),
  });

  test("what is not newer is taken once", () => {
    const desk = looking();
    const first = reading(desk, { kind: "counter", value: 10 });
    once(desk, () => ({ signals: { page: seen(first) } }));
    once(desk, () => ({ signals: { page: seen(first) } }));
    expect(desk.state.signals).toEqual({ page: first });
  });

  test("a replica that could not be read stays as it was last, as long as it runs", () => {
    const desk = looking();
    const first = reading(desk, { kind: "counter", value: 10 });
    once(desk, () => ({ signals: { page: seen(first) } }));
    const second = { ...reading(desk, { kind: "counter", value: 20 }), series: [] };
    once(desk, () => ({ signals: { page: seen(second) } }));
    expect(desk.state.signals?.["page"]?.series.map(({ replica }) => replica)).toEqual(["1-canary-0", "2-canary-0"]);
  });

  test("what is told of a pool as a whole is as old as its youngest ready replica, and stays while the pool runs", () => {
    const desk = looking();
    const told = (value: number): Signals => ({
      at: ms(desk.nowMs),
      troubles: [],
      series: ["1-canary", "2-canary", "0-gone"].map((pool) => ({
        replica: pool,
        pool,
        epoch: "1",
        values: { x: { kind: "counter", value } },
      })),
    });
    once(desk, () => ({ signals: { pools: seen(told(10)) } }));
    desk.nowMs += 500;
    const input = desk.input();
    const ages = { "1-canary": [9_000, 4_000, 70_000], "2-canary": [] as number[] };
    const pools = Object.entries(ages).map(([pool, ready]) => ({
      pool,
      revision: "v",
      replicas: ready.map((ageMs, index) => ({
        id: `${pool}-${index}`,
        host: "127.0.0.1",
        port: 1,
        state: "ready" as const,
        restarts: 0,
        readySinceMs: ms(input.nowMs - ageMs),
      })),
    }));
    const turn = new Turn(desk.state, { ...input, pools: seen(pools), signals: { pools: seen(told(15)) } });
    const rows = lookSince(turn)?.signals?.[0]?.rows;
    expect(rows?.map(({ replica, ageMs, values }) => [replica, ageMs, values["x"]])).toEqual([
      ["1-canary", 4_000, { kind: "counter", value: 5 }],
      ["2-canary", 0, { kind: "counter", value: 5 }],
    ]);
    const later = new Turn(turn.state, {
      ...desk.input(),
      nowMs: ms(input.nowMs + 500),
      counters: seen({ at: ms(input.nowMs + 500), series: [] }),
      pools: seen(pools),
      signals: { pools: seen({ at: ms(input.nowMs + 500), series: [], troubles: [] }) },
    });
    lookSince(later);
    expect(later.state.signals?.["pools"]?.series.map(({ pool }) => pool)).toEqual(["1-canary", "2-canary"]);
  });

  test("a source that cannot be read keeps the rollout where it is", () => {
    const desk = looking();
    for (let look = 0; look < 400; look += 1) once(desk, () => ({ signals: { page: unreadable("no answer in 2s") } }));
    expect(desk.canary).toBe(20);
    expect(desk.rollout.waiting).toMatchObject({
      for: "evidence",
      text: "no evidence can be read: page: no answer in 2s",
    });
  });
});

test("shares are told only when they held during the whole look", () => {
  const desk = Desk.serving(HOLD);
  desk.apply("v2");
  desk.passUntil(() => desk.canary === 20);
  const split = () => JSON.stringify(desk.rollout.analysis?.split);
  const at = split();
  desk.pass(500);
  const first = split();
  desk.pass(5_000);
  expect(first).toBe(at);
  expect(split()).not.toBe(first);
});
