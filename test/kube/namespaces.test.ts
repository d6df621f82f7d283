// Does one controller look after several namespaces, and after no other?
import { expect } from "vitest";
import { demoDeployment, demoService } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import { controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";

const STEPS = { canary: { steps: [{ weight: "50%", hold: "1s" }] } };

test("Rollouts of its namespaces are followed, and those of others are not", async (context) => {
  const cluster = sharedCluster();
  const serving = async (): Promise<Namespace> => {
    const namespace = await cluster.namespace(context);
    await namespace.apply([demoService(), demoDeployment("v1", { replicas: 1 })]);
    await namespace.rolledOut("app");
    return namespace;
  };
  const [one, two, other] = [await serving(), await serving(), await serving()];
  await controllerOf(context, { cluster, namespace: one, besides: [two] });
  for (const namespace of [one, two, other]) await namespace.apply(rolloutOf(STEPS));
  await Promise.all([one, two].map((namespace) => ended(namespace, 1, "promoted")));
  for (const namespace of [one, two]) await namespace.apply(demoDeployment("v2", { replicas: 1 }));
  await Promise.all([one, two].map((namespace) => ended(namespace, 2, "promoted")));
  const { status } = await rolloutNow(other, () => true);
  expect(status).toBeUndefined();
});
