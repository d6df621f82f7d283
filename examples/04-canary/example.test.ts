// Do the testers get it first, and is the bad version gone after a few dozen requests?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_040]);
  expect(wrong).toEqual([]);
  const asked = done.filter(({ command }) => command.startsWith("curl")).map(({ out }) => out.trim());
  expect(asked.map((text) => text.slice(-8, -6))).toEqual(["v1", "v2", "v2"]);
  const seen = done.find(({ command }) => command === "kill %2")?.out ?? "";
  const [, bad, failed, lost] = /v2 (\d+) \((\d+) failed\).* (\d+) of \d+ requests failed/u.exec(seen) ?? [];
  expect(Number(bad)).toBeLessThan(200);
  // Nobody but the bad version has failed a request.
  expect(lost).toBe(failed);
});
