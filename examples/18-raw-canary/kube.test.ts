// Is the bad version gone after a few dozen requests, and does nobody else fail one?
import { expect } from "vitest";
import { sharedCluster, test } from "../../test/kube/kube-test.ts";
import { playOnCluster } from "../cluster.ts";

test("every command of the README shows what the README says", async (context) => {
  const { done, wrong } = await playOnCluster(context, { cluster: sharedCluster(), from: import.meta.dirname });
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %1")?.out ?? "";
  const [, bad, failed, lost] = /v2 (\d+) \((\d+) failed\).* (\d+) of \d+ requests failed/u.exec(seen) ?? [];
  expect(Number(bad)).toBeLessThan(300);
  expect(lost).toBe(failed);
});
