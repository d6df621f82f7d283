// Does a user count once, with the variant seen first and the time that everybody has?
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEventStore, type EventStore } from "../../../src/adapters/events/store.ts";
import type { UserEvent } from "../../../src/core/ab/events.ts";
import type { Settled } from "../../../src/core/stats/ab/gather.ts";
import { ms, type Ms } from "../../../src/core/units.ts";
import { testOf } from "./place.ts";

const TEST = testOf();
/** Everybody has a minute to convert. */
const LATER = ms(10_000_000);

let dir: string;
let store: EventStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-ab-"));
  store = openEventStore(join(dir, "events.db"));
});
afterEach(async () => {
  store.close();
  await rm(dir, { recursive: true });
});

const saw = (user: string, variant: "control" | "treatment", atMs: number): UserEvent => {
  return { user, what: "seen", variant, atMs: ms(atMs) };
};
const converted = (user: string, atMs: number, more: Partial<UserEvent> = {}): UserEvent => {
  return { user, what: "converted", atMs: ms(atMs), ...more };
};
const take = (...events: UserEvent[]) => store.take(TEST, events, ms(1_000));

function settled(beforeMs: Ms = LATER, most = 1_000): readonly Settled[] {
  let all: readonly Settled[] = [];
  store.settle(TEST, { ms: beforeMs, most }, ({ users }) => {
    all = users;
    return {};
  });
  return all;
}

const counts = () => {
  const { state: _state, ...rest } = store.kept(TEST) ?? { state: undefined };
  return rest;
};

test("a conversion after the exposure counts, whichever was told first, and repetitions change nothing", async () => {
  await take(converted("a", 150), saw("a", "control", 100), saw("a", "control", 120), saw("b", "treatment", 100));
  await take(converted("a", 160), saw("b", "treatment", 100));
  expect(settled()).toEqual([
    { variant: "control", converted: true },
    { variant: "treatment", converted: false },
  ]);
  expect(settled()).toEqual([]);
});

test("one before the first exposure does not count, and one after that still does", async () => {
  await take(converted("a", 50), saw("a", "control", 100), converted("b", 50), saw("b", "control", 101));
  await take(converted("b", 150));
  expect(settled()).toEqual([
    { variant: "control", converted: false },
    { variant: "control", converted: true },
  ]);
  expect(counts()).toEqual({ mixed: 0, unexposed: 0, early: 1, late: 0 });
});

test("one after the user's time does not count", async () => {
  await take(saw("a", "control", 100), converted("a", 60_100), saw("b", "control", 101), converted("b", 60_102));
  expect(settled()).toEqual([
    { variant: "control", converted: true },
    { variant: "control", converted: false },
  ]);
});

test("nobody counts before the time is over, and then for good", async () => {
  await take(saw("a", "control", 100));
  expect(settled(ms(60_100))).toEqual([]);
  expect(settled(ms(60_101))).toEqual([{ variant: "control", converted: false }]);
  await take(converted("a", 200), saw("a", "treatment", 200));
  expect(settled()).toEqual([]);
  expect(counts()).toEqual({ mixed: 0, unexposed: 0, early: 0, late: 1 });
});

test("who saw both variants does not count, and whose exposure was not told neither", async () => {
  await take(saw("a", "control", 100), saw("a", "treatment", 110), saw("a", "control", 120));
  await take(saw("b", "control", 100), converted("b", 120, { variant: "treatment" }), converted("c", 100));
  expect(settled()).toEqual([]);
  expect(counts()).toEqual({ mixed: 2, unexposed: 1, early: 0, late: 0 });
  await take(saw("c", "control", 90));
  expect(counts()).toMatchObject({ unexposed: 0 });
  expect(settled()).toEqual([{ variant: "control", converted: true }]);
});

test("the same id counts once", async () => {
  const one = converted("a", 150, { id: "1" });
  expect(await take(saw("a", "control", 100), one, one)).toEqual({ taken: 2, repeated: 1 });
  expect(await take({ ...one, user: "b" })).toEqual({ taken: 0, repeated: 1 });
  expect(counts()).toMatchObject({ unexposed: 0 });
});

test("users come in the order in which their time ran out, so many at a look", async () => {
  await take(saw("c", "control", 300), saw("a", "treatment", 100), saw("b", "control", 200), converted("b", 210));
  expect(settled(LATER, 2)).toEqual([
    { variant: "treatment", converted: false },
    { variant: "control", converted: true },
  ]);
  expect(settled(LATER, 2)).toEqual([{ variant: "control", converted: false }]);
});

test("what cannot be folded is handed over again", async () => {
  await take(saw("a", "control", 100));
  const breaks = () => store.settle(TEST, { ms: LATER, most: 9 }, () => expect.unreachable("breaks"));
  expect(breaks).toThrow("breaks");
  expect(settled()).toHaveLength(1);
});

test("a test is forgotten 30 days after its end, and none that is under way", async () => {
  const day = 86_400_000;
  const other = testOf({ rollout: 4 });
  await take(saw("a", "control", 100), converted("a", 110, { id: "1" }));
  await store.take(other, [saw("a", "control", 100)], ms(1_000));
  await store.tidy([TEST, other], ms(0));
  await store.tidy([other], ms(100 * day));
  await store.tidy([other], ms(130 * day));
  expect(store.kept(TEST)).toBeDefined();
  await store.tidy([other], ms(130 * day + 1));
  expect(store.kept(TEST)).toBeUndefined();
  expect(store.kept(other)).toBeDefined();
  expect(await take(converted("a", 110, { id: "1" }))).toEqual({ taken: 1, repeated: 0 });
});

test("a test that was taken for ended goes on", async () => {
  const day = 86_400_000;
  await take(saw("a", "control", 100));
  await store.tidy([], ms(0));
  await store.tidy([TEST], ms(20 * day));
  await store.tidy([], ms(40 * day));
  expect(store.kept(TEST)).toBeDefined();
});

test("a service that begins anew with its numbers is another one", async () => {
  await take(saw("a", "control", 100));
  expect(store.kept(testOf({ startedMs: ms(5) }))).toBeUndefined();
  expect(store.kept(TEST)).toBeDefined();
});

test("only this user can read the file, and a file of another program is left alone", async () => {
  expect((await stat(join(dir, "events.db"))).mode & 0o777).toBe(0o600);
  const other = join(dir, "other.db");
  await writeFile(other, "no database at all, but long enough to be taken for one by its length alone\n".repeat(20));
  expect(() => openEventStore(other)).toThrow("SERIN_EVENTS_FAILED");
});
