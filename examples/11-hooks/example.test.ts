// Are others asked and told as the README says?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_110, 18_111, 18_112]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %3")?.out ?? "";
  // The one that failed its smoke test and the one that was frozen.
  expect(seen).not.toMatch(/v3|v4/u);
});
