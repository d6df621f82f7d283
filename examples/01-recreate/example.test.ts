// Is there the outage that the README tells of, and no longer than it says?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_010]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %1")?.out ?? "";
  const [, nobody] = /in all nobody (\d+)/u.exec(seen) ?? [];
  // The shop takes 1.5 s to start, and a hundred requests come in a second.
  expect(Number(nobody)).toBeGreaterThan(140);
  expect(Number(nobody)).toBeLessThan(500);
});
