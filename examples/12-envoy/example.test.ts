// Does an Envoy that knows nothing carry the shop, and is the bad version taken back by its own access log?
import { delimiter, dirname } from "node:path";
import { expect, test, vi } from "vitest";
import { envoyBinary } from "../../tools/parts.ts";
import { play } from "../readme.ts";

const ENVOY = envoyBinary();

test.skipIf(ENVOY === undefined)("every command of the README shows what the README says", async () => {
  vi.stubEnv("PATH", [dirname(ENVOY ?? ""), process.env["PATH"]].join(delimiter));
  const { done, wrong } = await play(import.meta.dirname, [18_120, 18_121, 18_122]);
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %3")?.out ?? "";
  const [, bad, failed, lost] = /v2 (\d+) \((\d+) failed\).* (\d+) of \d+ requests failed/u.exec(seen) ?? [];
  expect(Number(bad)).toBeLessThan(1_000);
  // Nobody but the bad version has failed a request.
  expect(lost).toBe(failed);
});
