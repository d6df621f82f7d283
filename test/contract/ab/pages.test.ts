// Is a test read from real metrics pages, replica by replica?
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTestSource } from "../../../src/adapters/events/source.ts";
import { openEventStore, type EventStore } from "../../../src/adapters/events/store.ts";
import { createExpositionSource, type ExpositionSource } from "../../../src/adapters/exposition/source.ts";
import { systemClock } from "../../../src/adapters/system/clock.ts";
import { ms } from "../../../src/core/units.ts";
import type { RunningPool } from "../../../src/core/world.ts";
import { call } from "../process/place.ts";
import { Pages } from "../signals/pages.ts";
import { testOf } from "./place.ts";

const clock = systemClock();
const USERS = 'orders_total{result="paid"}';
const CONVERTED = 'orders_total{result="failed"}';

let dir: string;
let store: EventStore;
let source: ExpositionSource;
let blue: Pages;
let green: Pages;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-ab-"));
  store = openEventStore(join(dir, "events.db"));
  source = createExpositionSource({ clock, path: "/metrics", everyMs: ms(50) });
  [blue, green] = [new Pages(), new Pages()];
  await Promise.all([blue.start(2), green.start(1)]);
});
afterEach(async () => {
  source.close();
  store.close();
  await Promise.all([blue.stop(), green.stop()]);
  await rm(dir, { recursive: true });
});

test("what the replicas of both variants count from the test's begin on", async () => {
  const asked = () => ({
    test: testOf({ conversions: { kind: "metric", users: USERS, converted: CONVERTED } }),
    pools: [poolOf(blue, "1-stable"), poolOf(green, "3-canary")],
  });
  const tests = createTestSource({ clock, store, signals: () => [source] });
  const read = () => tests.read(asked(), call());
  blue.work();
  expect(await read()).toEqual({ kind: "absent" });
  for (let i = 0; i < 4; i++) {
    blue.work();
    green.work();
  }
  await vi.waitFor(async () => {
    expect(await read()).toMatchObject({
      kind: "value",
      value: {
        report: { total: { control: { users: 24, converted: 8 }, treatment: { users: 12, converted: 4 } } },
        text: expect.stringContaining("Not decided. Green converts 33%"),
      },
    });
  }, 60_000);
});

test("a counter that no replica has is said to be missing", async () => {
  const tests = createTestSource({ clock, store, signals: () => [source] });
  const none = testOf({ conversions: { kind: "metric", users: "visits_total", converted: CONVERTED } });
  expect(await tests.read({ test: none, pools: [poolOf(blue, "1-stable")] }, call())).toMatchObject({
    kind: "unreadable",
    why: expect.stringContaining("visits_total"),
  });
});

function poolOf(pages: Pages, pool: string): RunningPool {
  const replicas = pages.pools().flatMap((one) => one.replicas);
  const named = replicas.map(({ host, port, state, restarts }, i) => {
    return { id: `${pool}-${i}`, host, port, state, restarts };
  });
  return { pool, revision: "r", replicas: named };
}
