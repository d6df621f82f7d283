// Does a pool that changes its size keep what works?
import { expect, test } from "vitest";
import { BACKOFF, pauseAfter } from "./backoff.ts";
import { type Candidate, chooseReplicas } from "./replica-choice.ts";
import { ms } from "./units.ts";

const replica = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id,
  draining: false,
  ending: false,
  condition: "ready",
  readySinceMs: ms(1_000),
  ...more,
});
const ids = (replicas: readonly Candidate[]): string[] => replicas.map(({ id }) => id);

test("failing ones go first, then starting ones, then the youngest", () => {
  const pool = [
    replica("young", { readySinceMs: ms(9_000) }),
    replica("failing", { condition: "failing" }),
    replica("old"),
    replica("starting", { condition: "starting" }),
  ];
  expect(ids(chooseReplicas(pool, 3).drain)).toEqual(["failing"]);
  expect(ids(chooseReplicas(pool, 1).drain)).toEqual(["young", "starting", "failing"]);
  expect(chooseReplicas(pool, 4)).toEqual({ takeBack: [], drain: [], start: 0 });
  expect(chooseReplicas(pool, 6).start).toBe(2);
});

test("a draining one is taken back before a new one starts, unless it was told to end", () => {
  const pool = [
    replica("draining", { draining: true }),
    replica("ending", { draining: true, ending: true }),
    replica("active"),
  ];
  const choice = chooseReplicas(pool, 3);
  expect(ids(choice.takeBack)).toEqual(["draining"]);
  expect(choice.start).toBe(1);
  expect(chooseReplicas(pool, 1)).toEqual({ takeBack: [], drain: [], start: 0 });
});

test("pauses double from half a second to half a minute", () => {
  expect([1, 2, 3, 6, 7, 8, 1_000].map((failures) => pauseAfter(failures, BACKOFF))).toEqual([
    500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000,
  ]);
});
