// Does each strategy do on a cluster what it says, without a lost request?
import { expect, type TestContext } from "vitest";
import { demoDeployment, demoService, JUDGED, load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { ReplicaSet } from "./objects.ts";
import { command, controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";

const DEMO = { replicas: 3 };

async function adopted(context: TestContext, rollout: object): Promise<Namespace> {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", DEMO)]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  await namespace.apply(rollout);
  await ended(namespace, 1, "promoted");
  return namespace;
}

const podsWanted = async (namespace: Namespace): Promise<number> => {
  const sets = await namespace.list<ReplicaSet>("ReplicaSet");
  return sets.reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0);
};

test("blue-green switches the Service at once, and back at once", async (context) => {
  const namespace = await adopted(context, rolloutOf({ blueGreen: { promotion: "manual", keepOld: "10s" } }));
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", DEMO));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting");
  expect([...seen.answers.keys()]).toEqual(["v1"]);
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "" });
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "100%");
  await command(namespace, { id: "2", kind: "abort", actor: "tests", reason: "not this one" });
  await ended(namespace, 2, "stopped");
  await command(namespace, { id: "3", kind: "retry", actor: "tests", reason: "" });
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting" && status.rollout === 3);
  await command(namespace, { id: "4", kind: "promote", actor: "tests", reason: "" });
  await ended(namespace, 3, "promoted");
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("recreate stops the old version before the new one starts, and the Deployment has its number again", async (context) => {
  const namespace = await adopted(context, rolloutOf({ recreate: {} }));
  await namespace.apply(demoDeployment("v2", DEMO));
  await ended(namespace, 2, "promoted");
  const deployment = await namespace.rolledOut("app");
  expect(deployment.spec.replicas).toBe(3);
  expect(deployment.metadata.annotations?.["serin.dev/replicas"]).toBeUndefined();
  expect(await podsWanted(namespace)).toBe(3);
});

test("rolling replaces batch by batch, within its surge", async (context) => {
  const namespace = await adopted(context, rolloutOf({ rolling: { maxSurge: 1, hold: "500ms" } }));
  const seen = load(context, await namespace.address("app"));
  let most = 0;
  await namespace.apply(demoDeployment("v2", DEMO));
  await rolloutNow(namespace, async ({ status }) => {
    most = Math.max(most, await podsWanted(namespace));
    return status?.rollout === 2 && status.outcome === "promoted";
  });
  expect(most).toBe(4);
  expect((await namespace.rolledOut("app")).spec.replicas).toBe(3);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a canary with less surge than its shares need scales the Deployment down for the time being", async (context) => {
  const steps = [{ weight: "50%", hold: "3s" }];
  const traffic = { service: { name: "app", surge: 1 } };
  const namespace = await adopted(context, rolloutOf({ canary: { steps } }, { traffic }));
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", DEMO));
  const half = await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "50%");
  expect(half.status?.rollout).toBe(2);
  await ended(namespace, 2, "promoted");
  expect((await namespace.rolledOut("app")).spec.replicas).toBe(3);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a version whose pods say that they fail more often is taken back, and one that does not goes on", async (context) => {
  const steps = [{ weight: "50%", judge: { atMost: "3m" } }];
  const namespace = await adopted(context, rolloutOf({ canary: { steps } }, { spec: JUDGED }));
  const seen = load(context, await namespace.address("app"), { count: 8 });
  await namespace.apply(demoDeployment("v2", { ...DEMO, env: { FAIL: "0.5" } }));
  const bad = await ended(namespace, 2, "rolled-back");
  expect(bad.status?.why).toMatch(/errors: .*against/u);
  await namespace.apply(demoDeployment("v3", DEMO));
  await ended(namespace, 3, "promoted");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect(seen.answers.get("v3")?.failed ?? 0).toBe(0);
});
