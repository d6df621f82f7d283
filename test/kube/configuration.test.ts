// Is a changed ConfigMap or Secret a new revision, and taking it back the old one?
import { expect, type TestContext } from "vitest";
import { demoDeployment, demoService, load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import { controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";
import { until } from "../e2e/harness.ts";

const configMap = (version: string): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings" },
  data: { VERSION: version },
});

const secret = (version: string): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "keys" },
  stringData: { KEY: version },
});

async function configured(context: TestContext, deployment: object = {}): Promise<Namespace> {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  const container = {
    env: [{ name: "VERSION", valueFrom: { configMapKeyRef: { name: "settings", key: "VERSION" } } }],
    envFrom: [{ secretRef: { name: "keys" } }],
  };
  await namespace.apply([configMap("v1"), secret("1"), demoService(), demoDeployment("v1", { container })]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  const steps = [{ weight: "50%", gate: "look" }];
  await namespace.apply(
    rolloutOf({ canary: { steps } }, { spec: { workload: { deployment: { name: "app", ...deployment } } } }),
  );
  await ended(namespace, 1, "promoted");
  return namespace;
}

test("a changed ConfigMap is brought as a canary, and taken back by its revert", async (context) => {
  const namespace = await configured(context);
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(configMap("v2"));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting" && status.weight?.measured === "50%");
  await until("answers of v2", async () => (seen.answers.get("v2")?.ok ?? 0) > 5);
  await namespace.apply(configMap("v1"));
  const { status } = await ended(namespace, 2, "stopped");
  expect(status?.why).toMatch(/template of stable again/u);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a changed Secret starts a rollout, and what its text is stands nowhere", async (context) => {
  const namespace = await configured(context);
  await namespace.apply(secret("hunter2"));
  const rollout = await rolloutNow(namespace, ({ status }) => status?.rollout === 2 && status.phase === "Waiting");
  expect(JSON.stringify(rollout)).not.toContain("hunter2");
  expect(JSON.stringify(rollout)).not.toContain(Buffer.from("hunter2").toString("base64"));
});

test("what is ignored starts nothing", async (context) => {
  const namespace = await configured(context, { configuration: "ignore" });
  await namespace.apply(configMap("v2"));
  await namespace.patch("Deployment/app", { spec: { template: { metadata: { annotations: { note: "new" } } } } });
  const { status } = await rolloutNow(namespace, ({ status: is }) => is?.rollout === 2);
  expect(status?.candidate?.revision).toBeDefined();
  const deployment = await namespace.get<{
    metadata: { name: string };
    spec: { template: { metadata: { annotations: object } } };
  }>("Deployment/app");
  expect(Object.keys(deployment.spec.template.metadata.annotations)).toEqual(["note"]);
});
