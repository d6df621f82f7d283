// Do Istio's objects say what the README shows, step by step?
import { expect } from "vitest";
import { sharedCluster, test } from "../../test/kube/kube-test.ts";
import { playOnCluster } from "../cluster.ts";

test("every command of the README shows what the README says", async (context) => {
  const { wrong } = await playOnCluster(context, { cluster: sharedCluster(), from: import.meta.dirname });
  expect(wrong).toEqual([]);
});
