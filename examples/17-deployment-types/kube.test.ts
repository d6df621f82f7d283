// Does a Deployment come to its next version in each of the three ways, as the README shows?
import { expect } from "vitest";
import { sharedCluster, test } from "../../test/kube/kube-test.ts";
import { playOnCluster } from "../cluster.ts";

test("every command of the README shows what the README says", async (context) => {
  const { done, wrong } = await playOnCluster(context, { cluster: sharedCluster(), from: import.meta.dirname });
  expect(wrong).toEqual([]);
  const [recreate = ""] = done.filter(({ command }) => command.startsWith("kill")).map(({ out }) => out);
  const [, nobody, failed] = /in all nobody (\d+) .* (\d+) of \d+ requests failed/u.exec(recreate) ?? [];
  expect(Number(nobody)).toBeGreaterThan(0);
  expect(failed).toBe(nobody);
});
