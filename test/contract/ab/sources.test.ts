// Do both sources of tests, on a real database, keep what the port promises?
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTestSource } from "../../../src/adapters/events/source.ts";
import { openEventStore } from "../../../src/adapters/events/store.ts";
import { createVirtualClock } from "../../../src/adapters/memory/clock.ts";
import type { RunningTest } from "../../../src/core/ab/running.ts";
import type { SignalSeries } from "../../../src/core/signals.ts";
import { seen } from "../../../src/core/world.ts";
import type { SignalSource } from "../../../src/ports/signals.ts";
import { testContract } from "../../../src/ports/tests.contract.ts";
import { ms } from "../../../src/core/units.ts";
import { call } from "../process/place.ts";
import { testOf } from "./place.ts";

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "serin-ab-"));
}

testContract("events", async () => {
  const dir = await folder();
  const clock = createVirtualClock();
  const open = () => {
    const store = openEventStore(join(dir, "events.db"));
    return { store, source: createTestSource({ clock, store, signals: () => [] }) };
  };
  let now = open();
  let number = 0;
  return {
    come: async (more) => {
      const atMs = clock.now();
      const events = (["control", "treatment"] as const).flatMap((variant) =>
        Array.from({ length: more[variant].users }, (_, i) => {
          const user = `u${(number += 1)}`;
          const exposure = { user, what: "seen", variant, atMs } as const;
          const conversion = { user, what: "converted", atMs: ms(atMs + 1_000) } as const;
          return i < more[variant].converted ? [exposure, conversion] : [exposure];
        }).flat(),
      );
      await now.store.take(testOf(), events, ms(atMs + 1_000));
      await clock.advance(ms(61_000));
    },
    read: (plan) => now.source.read({ test: testOf({ plan }), pools: [] }, call()),
    restart: async () => {
      now.store.close();
      now = open();
    },
    dispose: async () => {
      now.store.close();
      await rm(dir, { recursive: true });
    },
  };
});

const CONVERSIONS = { kind: "metric", users: "visits_total", converted: "orders_total" } as const;
const POOLS = { control: "1-stable", treatment: "3-canary" } as const;

/** Replicas whose counters are set by hand. */
function pages(now: () => number) {
  const counters = new Map<string, SignalSeries>();
  const set = (pool: string, epoch: string, [users, converted]: readonly [number, number]): void => {
    const values = {
      visits_total: { kind: "counter", value: users },
      orders_total: { kind: "counter", value: converted },
    } as const;
    counters.set(pool, { replica: `${pool}-0`, pool, epoch, values });
  };
  const source: SignalSource = {
    kind: "pages",
    covers: (name) => name.endsWith("_total"),
    read: async () => seen({ at: ms(now()), series: [...counters.values()], troubles: [] }),
  };
  return { set, source };
}

async function counterPlace() {
  const dir = await folder();
  const clock = createVirtualClock();
  const { set, source: page } = pages(() => clock.now());
  const open = () => {
    const store = openEventStore(join(dir, "events.db"));
    return { store, source: createTestSource({ clock, store, signals: () => [page] }) };
  };
  let now = open();
  // The stable replicas have counted long before the test.
  const at = { control: { users: 5_000, converted: 900 }, treatment: { users: 0, converted: 0 } };
  const show = (epoch: string): void => {
    for (const variant of ["control", "treatment"] as const) {
      set(POOLS[variant], epoch, [at[variant].users, at[variant].converted]);
    }
  };
  show("a");
  const asked = (over: Partial<RunningTest>) => ({ test: testOf({ conversions: CONVERSIONS, ...over }), pools: [] });
  return {
    clock,
    at,
    show,
    come: async (more: Record<"control" | "treatment", { users: number; converted: number }>) => {
      for (const variant of ["control", "treatment"] as const) {
        at[variant].users += more[variant].users;
        at[variant].converted += more[variant].converted;
      }
      show("a");
      await clock.advance(ms(5_000));
    },
    read: (plan: RunningTest["plan"]) => now.source.read(asked({ plan }), call()),
    restart: async () => {
      now.store.close();
      now = open();
    },
    dispose: async () => {
      now.store.close();
      await rm(dir, { recursive: true });
    },
  };
}

testContract("counters", counterPlace);

test("a counter that begins again at 0 is all new, and what was before it stays", async () => {
  const place = await counterPlace();
  const { plan } = testOf();
  await place.read(plan);
  await place.come({ control: { users: 30, converted: 3 }, treatment: { users: 30, converted: 6 } });
  await place.read(plan);
  place.at.control = { users: 4, converted: 1 };
  place.at.treatment = { users: 5, converted: 2 };
  place.show("b");
  await place.clock.advance(ms(5_000));
  expect(await place.read(plan)).toMatchObject({
    value: {
      report: { total: { control: { users: 34, converted: 4 }, treatment: { users: 35, converted: 8 } } },
    },
  });
  await place.dispose();
});

test("without a metrics page there is no reading, and the reason is said", async () => {
  const dir = await folder();
  const store = openEventStore(join(dir, "events.db"));
  const source = createTestSource({ clock: createVirtualClock(), store, signals: () => [] });
  expect(await source.read({ test: testOf({ conversions: CONVERSIONS }), pools: [] }, call())).toEqual({
    kind: "unreadable",
    why: "the replicas have no metrics page",
  });
  store.close();
  await rm(dir, { recursive: true });
});
