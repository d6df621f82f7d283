// Do a vendor's figures become what a service's pools tell?
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Sources } from "../../src/adapters/sources.ts";
import { createVirtualClock, type VirtualClock } from "../../src/adapters/memory/clock.ts";
import type { SourceSpec } from "../../src/core/spec/sources.ts";
import { VENDORS } from "../../src/core/spec/vendors.ts";
import { ms } from "../../src/core/units.ts";
import type { AskedPool, SignalSource } from "../../src/ports/signals.ts";
import { Front } from "./figures/front.ts";

const CALL = { signal: new AbortController().signal };
const ERRORS = "@stats $.errors.{{role}}";
const LATENCY = "@stats = $.latency.{{role}}";
const WANTED = [
  { name: ERRORS, kind: "counter" },
  { name: LATENCY, kind: "gauge" },
] as const;

let clock: VirtualClock;
let page: Front;
let answer: unknown;

beforeEach(async () => {
  clock = createVirtualClock(ms(1_700_000_040_000));
  page = new Front(() => ({ body: JSON.stringify(answer) }));
  await page.start();
});

afterEach(() => page.stop());

const pool = (role: "canary" | "stable"): AskedPool => ({
  pool: `shop-${role}`,
  revision: `r-${role}`,
  role,
  replicas: [{ id: `${role}-0`, host: "127.0.0.1", port: 1, state: "ready", restarts: 0 }],
});

const POOLS = [pool("canary"), pool("stable")];

/** What is told of the interval that has ended just now. */
async function read(source: SignalSource) {
  const toMs = Math.floor(clock.now() / 60_000) * 60_000;
  return vi.waitFor(async () => {
    const reading = source.read(WANTED, POOLS, CALL);
    await clock.advance(ms(50));
    const observed = await reading;
    if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
    if (observed.value.at !== toMs) throw new Error(`told of ${observed.value.at}, not of ${toMs}`);
    return Object.fromEntries(observed.value.series.map(({ pool: name, values }) => [name, values]));
  }, 60_000);
}

test("levels, and counts that are added up; without one of them nothing is told of a pool", async () => {
  const stats = VENDORS.json.parse({ url: `${page.url}/stats?from={{from}}&to={{to}}` }) as SourceSpec;
  const sources = new Sources(clock);
  const opened = sources.of({ service: "shop", origin: "/", sources: { stats } });
  const [shop] = opened.signals;
  if (!shop) throw new Error("no source");
  expect([ERRORS, LATENCY, "@other x", "x"].map((name) => shop.covers(name))).toEqual([true, true, false, false]);

  answer = { errors: { canary: 3, stable: 1 }, latency: { canary: 0.2, stable: 0.1 } };
  await read(shop);
  await clock.advance(ms(60_000));
  const told = await read(shop);
  expect(told["shop-canary"]).toEqual({
    [ERRORS]: { kind: "counter", value: 3 },
    [LATENCY]: { kind: "gauge", value: 0.2 },
  });
  await clock.advance(ms(60_000));
  expect((await read(shop))["shop-canary"]?.[ERRORS]).toEqual({ kind: "counter", value: 6 });

  answer = { errors: { canary: null, stable: 1 }, latency: { canary: 0.2, stable: 0.1 } };
  await clock.advance(ms(120_000));
  const without = await read(shop);
  expect(without["shop-canary"]).toBeUndefined();
  expect(without["shop-stable"]?.[ERRORS]).toEqual({ kind: "counter", value: 3 });
  opened.close();
});
