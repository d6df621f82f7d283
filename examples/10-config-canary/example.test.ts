// Does a configuration come, and go back, as a version does?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_100]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %2")?.out ?? "";
  const [, failed, lost] = /config-2 \d+ \((\d+) failed\).* (\d+) of \d+ requests failed/u.exec(seen) ?? [];
  // Nobody but the bad configuration has failed a request.
  expect(lost).toBe(failed);
});
