// Do pods have labels for as long as their version has a role?
import { expect } from "vitest";
import { demoDeployment, demoService } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { Pod } from "./objects.ts";
import { command, controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";

const podMetadata = {
  canary: { labels: { track: "canary" }, annotations: { note: "on trial" } },
  stable: { labels: { track: "stable" } },
};

const rollout = (metadata: object): object => {
  const steps = [{ weight: "50%", gate: "look" }];
  return rolloutOf(
    { canary: { steps } },
    { spec: { workload: { deployment: { name: "app", podMetadata: metadata } } } },
  );
};

async function tracks(namespace: Namespace): Promise<readonly string[]> {
  const pods = (await namespace.list<Pod>("Pod")).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const said = pods.map(({ metadata, spec }) => {
    const note = metadata.annotations?.["note"] ?? "none";
    return `${spec.containers[0]?.image} ${metadata.labels?.["track"] ?? "none"} ${note}`;
  });
  return said.toSorted();
}

test("labels follow the role, and are gone with the Rollout", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 1 })]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  await namespace.apply(rollout(podMetadata));
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2", { replicas: 1 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting");
  expect(await tracks(namespace)).toEqual(["demo:v1 stable none", "demo:v2 canary on trial"]);
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "" });
  await ended(namespace, 2, "promoted");
  await expect.poll(() => tracks(namespace), { timeout: 30_000 }).toEqual(["demo:v2 stable none"]);
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  expect(await tracks(namespace)).toEqual(["demo:v2 none none"]);
});

test("a label that selects the pods is refused before any pod is changed", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 1 })]);
  await namespace.rolledOut("app");
  const controller = await controllerOf(context, { cluster, namespace });
  await namespace.apply(rollout({ stable: { labels: { app: "other" } } }));
  await ended(namespace, 1, "promoted");
  await controller.stop();
  const pods = await namespace.list<Pod>("Pod");
  expect(pods.map(({ metadata }) => metadata.labels?.["app"])).toEqual(["app"]);
});
