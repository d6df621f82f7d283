// Is there the outage that the README tells of, and no longer than it says?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

/** The second of the day at which a command has told something. */
function secondOf(out: string, what: string): number {
  const line = out.split("\n").find((one) => one.includes(what)) ?? "";
  const [hours = NaN, minutes = NaN, seconds = NaN] = line.slice(0, 8).split(":").map(Number);
  return 3_600 * hours + 60 * minutes + seconds;
}

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_010]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %1")?.out ?? "";
  const [, nobody] = /in all nobody (\d+)/u.exec(seen) ?? [];
  // The shop takes 1.5 s to start, and a hundred requests come in a second.
  expect(Number(nobody)).toBeGreaterThan(140);
  const told = done.find(({ command }) => command === "serin run v2.yaml")?.out ?? "";
  const took = secondOf(told, "canary has 2 of 2 ready") - secondOf(told, "shop/2 brings");
  // Times are told in whole seconds; and it is a look or two until requests are sent there.
  expect(Number(nobody)).toBeLessThan(100 * (took + 3));
});
