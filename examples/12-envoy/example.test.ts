// Does an Envoy that knows nothing carry the shop, and is the bad version taken back by its own access log?
import { delimiter, dirname } from "node:path";
import { expect, test, vi } from "vitest";
import { envoyBinary } from "../../tools/parts.ts";
import { play } from "../readme.ts";

const ENVOY = envoyBinary();

/** The part of all requests that the second version answered. */
function shareOf(out: string): number {
  const [, first, second] = /in all v1 (\d+) {2}v2 (\d+)/u.exec(out) ?? [];
  return Number(second) / (Number(first) + Number(second));
}

test.skipIf(ENVOY === undefined)("every command of the README shows what the README says", async () => {
  vi.stubEnv("PATH", [dirname(ENVOY ?? ""), process.env["PATH"]].join(delimiter));
  const { done, wrong } = await play(import.meta.dirname, [18_120, 18_121, 18_122, 18_123, 18_124]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %3")?.out ?? "";
  const [, bad, failed, lost] = /v2 (\d+) \((\d+) failed\).* (\d+) of \d+ requests failed/u.exec(seen) ?? [];
  expect(Number(bad)).toBeLessThan(1_000);
  // Nobody but the bad version has failed a request.
  expect(lost).toBe(failed);
  const shares = done.filter(({ command }) => command.endsWith(" 200 3")).map(({ out }) => shareOf(out));
  // Five standard deviations of 600 requests that chance deals.
  expect(Math.abs((shares[0] ?? 0) - 0.1)).toBeLessThan(5 * Math.sqrt((0.1 * 0.9) / 600));
  expect(Math.abs((shares[1] ?? 0) - 0.5)).toBeLessThan(5 * Math.sqrt((0.5 * 0.5) / 600));
});
