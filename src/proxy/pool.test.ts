// Which of the replicas that are fit is chosen, and how often each?
import { expect, test } from "vitest";
import type { Balance } from "./config.ts";
import { PROXY_DEFAULTS } from "./config.ts";
import { Pool } from "./pool.ts";
import { Replica } from "./replica.ts";
import { Tally } from "./tally.ts";

const PICKS = 9_000;

function poolOf(size: number, balance: Balance): Pool {
  const pool = new Pool(new Tally("v1", "-"), balance, PROXY_DEFAULTS.circuit);
  pool.replicas = Array.from({ length: size }, (_, at) => {
    const replica = `v1-${at}`;
    return new Replica({ replica, host: "127.0.0.1", port: 9_000 + at }, new Tally("v1", replica));
  });
  return pool;
}

function picks(pool: Pool, tried: readonly Replica[] = []): readonly number[] {
  const counts = new Map<Replica | undefined, number>();
  for (let i = 0; i < PICKS; i += 1) {
    const picked = pool.pick(tried, 0);
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  expect(counts.has(undefined)).toBe(false);
  return pool.replicas.map((replica) => counts.get(replica) ?? 0);
}

/** Eight standard deviations: one false alarm in 10¹⁴ runs. */
function expectUniform(counts: readonly number[], among: number): void {
  const p = 1 / among;
  const off = 8 * Math.sqrt(PICKS * p * (1 - p));
  for (const count of counts) expect(Math.abs(count - PICKS * p)).toBeLessThan(off);
}

test("random chooses each fit replica equally often", () => {
  expect.hasAssertions();
  expectUniform(picks(poolOf(4, "random")), 4);
});

test("random spreads the share of replicas that are not fit over all others", () => {
  const pool = poolOf(5, "random");
  const [a, full, ejected] = pool.replicas;
  if (!a || !full || !ejected) throw new Error("no replicas");
  full.active = PROXY_DEFAULTS.circuit.connections;
  ejected.outUntil = 1;
  const counts = picks(pool);
  expect(counts.slice(1, 3)).toEqual([0, 0]);
  expectUniform([...counts.slice(0, 1), ...counts.slice(3)], 3);
  expect(pool.full).toBe(true);
  const [none, ...others] = picks(pool, [a]);
  expect(none).toBe(0);
  expectUniform(others.slice(2), 2);
});

test("round robin takes turns; least request takes the one with the fewest, and turns among equals", () => {
  expect(picks(poolOf(3, "round-robin"))).toEqual([3_000, 3_000, 3_000]);
  const pool = poolOf(3, "least-request");
  expect(picks(pool)).toEqual([3_000, 3_000, 3_000]);
  for (const replica of pool.replicas.slice(0, 2)) replica.active = 1;
  expect(picks(pool)).toEqual([0, 0, 9_000]);
});
