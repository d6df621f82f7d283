// Do some hundred seeds keep what Serin promises, and does the same seed bring the same run?
import { describe, expect, test } from "vitest";
import { runSeed } from "./run.ts";

const SEEDS = 200;
const BATCH = 50;

describe("the simulator", () => {
  for (let from = 1; from <= SEEDS; from += BATCH) {
    test(`seeds ${from} to ${from + BATCH - 1}`, async () => {
      const failed: string[] = [];
      for (let seed = from; seed < from + BATCH; seed += 1) {
        const { broken } = await runSeed(seed);
        if (broken.length > 0) failed.push(`npm run sim -- --seed ${seed} --verbose   ${broken[0]}`);
      }
      expect(failed).toEqual([]);
    });
  }

  test("a seed replays byte for byte, and another one is another run", async () => {
    const [first, again, other] = [await runSeed(7), await runSeed(7), await runSeed(8)];
    expect(again.trace).toEqual(first.trace);
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
  });
});
