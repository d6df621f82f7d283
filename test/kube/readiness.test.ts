// What becomes of a rollout whose pods are ready, and then are not?
import { expect } from "vitest";
import { adopted, atHalf } from "./adopted.ts";
import { demoDeployment } from "./demo.ts";
import { leftOver } from "./holding.ts";
import { test } from "./kube-test.ts";
import type { Pod } from "./objects.ts";
import { command, ended, rolloutNow } from "./serin.ts";

/** Ready for so long as the tests say so. */
const gated = { readinessGates: [{ conditionType: "tests/well" }] };

const set = async (
  pods: readonly Pod[],
  is: boolean,
  patch: (pod: Pod, data: object) => Promise<unknown>,
): Promise<void> => {
  for (const pod of pods) {
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "tests/well");
    const condition = { type: "tests/well", status: is ? "True" : "False", lastTransitionTime: null };
    await patch(pod, { status: { conditions: [...others, condition] } });
  }
};

test("candidates that are not ready any more get no requests, and are waited for", async (context) => {
  const { namespace, clients } = await adopted(context);
  const seen = await clients();
  const v2 = demoDeployment("v2") as { spec: { template: { spec: object } } };
  Object.assign(v2.spec.template.spec, gated);
  const patch = (pod: Pod, data: object): Promise<Pod> =>
    namespace.patch<Pod>(`Pod/${pod.metadata.name}`, data, "status");
  const isNew = ({ spec, metadata }: Pod): boolean =>
    spec.containers[0]?.image === "demo:v2" && metadata.deletionTimestamp === undefined;
  const candidates = async (count: number): Promise<readonly Pod[]> =>
    (await namespace.untilAll<Pod>("Pod", (pods) => pods.filter(isNew).length === count)).filter(isNew);
  await namespace.apply(v2);
  await set(await candidates(3), true, patch);
  await atHalf(namespace);
  await set(await candidates(3), false, patch);
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "0%");
  await set(await candidates(3), true, patch);
  await atHalf(namespace);
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "looks well" });
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});
