// Are native histograms read as they were measured, whatever their scale is?
import { afterEach, expect, test, vi } from "vitest";
import { createPrometheusSource } from "../../src/adapters/prometheus/source.ts";
import { signalIncrements, type Signals, type SignalWanted } from "../../src/core/signals.ts";
import { ms } from "../../src/core/units.ts";
import type { RunningPool } from "../../src/core/world.ts";
import { call } from "./process/place.ts";
import { NativeReplica } from "./prometheus/native.ts";
import { clock, hubOf } from "./prometheus/place.ts";
import { HAS_PROMETHEUS, LIMIT, PrometheusServer } from "../support/prometheus.ts";

const WANTED: readonly SignalWanted[] = [{ name: "@prom took_seconds", kind: "histogram" }];
const replica = new NativeReplica();
const server = new PrometheusServer({ features: "native-histograms" });

afterEach(async () => {
  await server.close();
  await replica.stop();
});

/** How many values of a reading are beyond a bound. */
function beyond(signals: Signals, before: Signals, bound: number): number {
  const value = signalIncrements(before, signals)[0]?.values["@prom took_seconds"];
  if (value?.kind !== "histogram") return Number.NaN;
  return value.counts.reduce((sum, count, index) => sum + ((value.bounds[index] ?? Infinity) > bound ? count : 0), 0);
}

test.skipIf(!HAS_PROMETHEUS)("a native histogram, also when its scale changes and when it begins again", async () => {
  replica.values.push(0.1, 0.1, 3);
  const port = await replica.start();
  await server.start([{ targets: [`127.0.0.1:${port}`] }]);
  const pools: readonly RunningPool[] = [
    {
      pool: "1-canary",
      revision: "r",
      replicas: [{ id: "1-canary-0", host: "127.0.0.1", port, state: "ready", restarts: 0, readySinceMs: ms(1) }],
    },
  ];
  const source = createPrometheusSource({ name: "prom", hub: hubOf(server.url), clock, matching: { service: "shop" } });
  const read = async (): Promise<Signals> => {
    const observed = await source.read(WANTED, pools, call());
    if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
    return observed.value;
  };
  const before = await vi.waitFor(async () => {
    const signals = await read();
    expect(signals.troubles).toEqual([]);
    expect(beyond(signals, signals, 0)).toBe(0);
    return signals;
  }, LIMIT);
  const until = (over1s: number, all: number) =>
    vi.waitFor(async () => {
      const signals = await read();
      expect([beyond(signals, before, 1), beyond(signals, before, 0)]).toEqual([over1s, all]);
    }, LIMIT);
  replica.values.push(0.2, 1.5, 20);
  await until(2, 3);
  replica.scale = 1;
  replica.values.push(0.3, 5);
  await until(3, 5);
  replica.values.splice(0, replica.values.length, 7, 0.01);
  await until(4, 7);
});
