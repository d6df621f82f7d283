// Is the measured share the one of the last seconds?
import { expect, test } from "vitest";
import type { Counters } from "../core/evidence.ts";
import { ms } from "../core/units.ts";
import { Meter } from "./measured.ts";

const reading = (at: number, stable: number, canary: number): Counters => ({
  at: ms(at),
  series: Object.entries({ a: stable, b: canary }).map(([pool, requests]) => ({
    replica: `${pool}-1`,
    pool,
    epoch: "1",
    requests,
    failed: 0,
    clientErrors: 0,
    latency: {},
  })),
});

const pools = [
  { pool: "a", role: "stable", revision: "v1", size: 1 },
  { pool: "b", role: "canary", revision: "v2", size: 1 },
] as const;

test("requests are counted over about ten seconds, however often one looks", () => {
  const meter = new Meter();
  expect(meter.measure(pools)).toBeUndefined();
  for (let at = 0; at <= 60_000; at += 500) meter.add(reading(at, at, at > 30_000 ? (at - 30_000) / 2 : 0), "same");
  const measured = meter.measure(pools);
  expect(measured?.windowMs).toBeGreaterThanOrEqual(10_000);
  expect(measured?.windowMs).toBeLessThanOrEqual(12_000);
  expect(measured?.requests.stable).toBe(measured?.windowMs);
  expect(measured?.requests.canary).toBe((measured?.windowMs ?? 0) / 2);
});
