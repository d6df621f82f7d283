// What becomes of a rollout whose pods are ready, and then are not?
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { adopted, atHalf } from "./adopted.ts";
import type { Namespace } from "./cluster.ts";
import { demoDeployment } from "./demo.ts";
import { leftOver } from "./holding.ts";
import { test } from "./kube-test.ts";
import type { Pod } from "./objects.ts";
import { ended } from "./serin.ts";

const GATE = "tests/well";

/** Says of all pods of v2, all the time, whether they are well. */
async function keepSaying(namespace: Namespace, isWell: () => boolean, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const status = isWell() ? "True" : "False";
    for (const pod of await namespace.list<Pod>("Pod")) {
      const conditions = pod.status?.conditions ?? [];
      const isNew = pod.spec.containers[0]?.image === "demo:v2";
      if (!isNew || conditions.some((one) => one.type === GATE && one.status === status)) continue;
      const said = [...conditions.filter(({ type }) => type !== GATE), { type: GATE, status }];
      // It may go meanwhile.
      await namespace
        .patch(`Pod/${pod.metadata.name}`, { status: { conditions: said } }, "status")
        .catch(() => undefined);
    }
    await sleep(200);
  }
}

test("candidates that are not ready any more are waited for, and then taken back", async (context) => {
  const { namespace, clients } = await adopted(context, { spec: { progressDeadline: "20s" } });
  const seen = await clients();
  const v2 = demoDeployment("v2") as { spec: { template: { spec: object } } };
  Object.assign(v2.spec.template.spec, { readinessGates: [{ conditionType: GATE }] });
  let isWell = true;
  const off = new AbortController();
  const saying = keepSaying(namespace, () => isWell, off.signal);
  context.onTestFinished(() => off.abort());
  await namespace.apply(v2);
  await atHalf(namespace);
  isWell = false;
  const rollout = await ended(namespace, 2, "rolled-back");
  expect(rollout.status?.why).toMatch(/has not kept \d of its replicas ready for 20s/u);
  expect(await leftOver(namespace, { version: "v1" })).toEqual([]);
  off.abort();
  await saying;
  await seen.stop();
  expect(seen.lost).toEqual([]);
});
