// Does what is imported from Flagger roll a good version out, and a bad one back?
import { expect } from "vitest";
import { sharedCluster, test } from "../../test/kube/kube-test.ts";
import { playOnCluster } from "../cluster.ts";

test("every command of the README shows what the README says", async (context) => {
  const { done, wrong } = await playOnCluster(context, { cluster: sharedCluster(), from: import.meta.dirname });
  expect(wrong).toEqual([]);
  const seen = done.find(({ command }) => command === "kill %1")?.out ?? "";
  const [, failed, lost] = /v2 \d+ \((\d+) failed\).* (\d+) of \d+ requests failed/u.exec(seen) ?? [];
  expect(lost).toBe(failed);
});
