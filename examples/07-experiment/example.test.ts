// Does an experiment find what is there, and change nothing?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_070]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %2")?.out ?? "";
  const [, old, candidate] = /in all v1 (\d+) {2}v2 (\d+)/u.exec(seen) ?? [];
  // A fifth of the requests of eight seconds, of 30.
  expect(Number(candidate)).toBeGreaterThan(100);
  expect(Number(candidate)).toBeLessThan(Number(old) / 4);
});
