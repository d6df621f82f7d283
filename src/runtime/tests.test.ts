// Is a test asked about while it is under way, and only then?
import { expect, test } from "vitest";
import { stateOf } from "../../test/contract/ab/place.ts";
import { createVirtualClock } from "../adapters/memory/clock.ts";
import { ABSENT, seen, unreadable } from "../core/world.ts";
import type { TestAsked, TestSource } from "../ports/tests.ts";
import { readTest } from "./tests.ts";

const clock = createVirtualClock();
const reading = { clock, limitMs: 1_000, pools: seen([]) };

function sourceThat(read: TestSource["read"]) {
  const asked: TestAsked[] = [];
  const source: TestSource = {
    read: (one, call) => {
      asked.push(one);
      return read(one, call);
    },
  };
  return { asked, sourceOf: async () => source };
}

test("with its pools, its plan and how it tells users apart", async () => {
  const { asked, sourceOf } = sourceThat(async () => ABSENT);
  expect(await readTest(stateOf("shop", clock.now()), sourceOf, reading)).toEqual(ABSENT);
  expect(asked).toMatchObject([
    { test: { service: "shop", rollout: 3, pools: { control: "1-stable", treatment: "3-canary" } }, pools: [] },
  ]);
  expect(["blue", "green"]).toContain(asked[0]?.test.assign?.("anyone"));
});

test("not at another step, and not without pools", async () => {
  const { asked, sourceOf } = sourceThat(async () => ABSENT);
  const state = stateOf("shop", clock.now());
  expect(await readTest(stateOf("shop", clock.now(), { op: "route" }), sourceOf, reading)).toBeUndefined();
  expect(await readTest(state, sourceOf, { ...reading, pools: unreadable("gone") })).toBeUndefined();
  expect(await readTest(state, async () => undefined, reading)).toEqual(ABSENT);
  expect(asked).toEqual([]);
});

test("a source that fails, or cannot be opened, is one that cannot be read: the service is looked after all the same", async () => {
  const closed = () => Promise.reject(new Error("no database"));
  expect(await readTest(stateOf("shop", clock.now()), closed, reading)).toEqual(unreadable("no database"));
  const { sourceOf } = sourceThat(() => Promise.reject(new Error("disk full")));
  expect(await readTest(stateOf("shop", clock.now()), sourceOf, reading)).toMatchObject({ kind: "unreadable" });
});
