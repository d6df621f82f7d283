// Does a Deployment, adopted as it is, come to its new version a few pods at a time, and back?
import { setTimeout } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import { demoDeployment, demoService, load } from "./demo.ts";
import { leftOver } from "./holding.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { Deployment, ReplicaSet } from "./objects.ts";
import { command, controllerOf, ended, rolloutOf, rolloutNow } from "./serin.ts";

const CANARY = {
  canary: {
    steps: [
      { weight: "25%", hold: "3s" },
      { weight: "50%", hold: "1s" },
    ],
  },
};

/** For what never becomes ready. */
const SHORT = { progressDeadline: "20s" };

async function adopted(context: TestContext, strategy: object = CANARY, spec: object = {}): Promise<Namespace> {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 3 })]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  await namespace.apply(rolloutOf(strategy, { spec }));
  await ended(namespace, 1, "promoted");
  return namespace;
}

/** The version of the template that the Deployment has. */
const imageOf = ({ spec }: Deployment): string | undefined => spec.template.spec.containers[0]?.image;

test("a canary by counts of pods is promoted, and no request is lost", async (context) => {
  const namespace = await adopted(context);
  const before = await namespace.list<ReplicaSet>("ReplicaSet");
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "25%");
  const rollout = await ended(namespace, 2, "promoted");
  expect(rollout.status?.health).toBe("well");
  const deployment = await namespace.rolledOut("app");
  expect(deployment.spec.paused).toBe(true);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect(before.length).toBe(1);
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  expect(await namespace.kubectl("rollout", "status", "deployment/app", "--timeout=120s")).toContain(
    "successfully rolled out",
  );
  const all = await namespace.get<Deployment>("Deployment/app");
  expect(all.metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("2");
});

test("a version that never becomes ready is taken back, and the Deployment keeps serving the old one", async (context) => {
  const namespace = await adopted(context, CANARY, SHORT);
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", { replicas: 3, env: { NOT_READY: "1" } }));
  const rollout = await ended(namespace, 2, "rolled-back");
  expect(rollout.status?.why).toMatch(/canary has 0 of 1 ready after 20s/u);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect([...seen.answers.keys()]).toEqual(["v1"]);
  // The last writes follow the end of a rollout.
  await namespace.untilAll<ReplicaSet>("ReplicaSet", (sets) => sets.map(({ spec }) => spec.replicas).join() === "3");
  // The same template does not start again by itself; another one does.
  await namespace.kubectl("scale", "deployment/app", "--replicas=4");
  await rolloutNow(namespace, ({ status }) => status?.health === "well");
  await namespace.apply(demoDeployment("v3", { replicas: 4 }));
  await ended(namespace, 3, "promoted");
  expect(imageOf(await namespace.rolledOut("app"))).toBe("demo:v3");
});

test("images that cannot be pulled and pods that crash are told, and get no request", async (context) => {
  const namespace = await adopted(context, CANARY, SHORT);
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", { replicas: 3, image: "nobody/knows" }));
  await rolloutNow(namespace, ({ status }) => status?.why?.includes("ImagePullBackOff") ?? false);
  await ended(namespace, 2, "rolled-back");
  await namespace.apply(demoDeployment("v3", { replicas: 3, env: { CRASH: "1" } }));
  const crashed = await ended(namespace, 3, "rolled-back");
  expect(crashed.status?.why).toMatch(/exited with code/u);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect([...seen.answers.keys()]).toEqual(["v1"]);
});

test("undo brings the last version back, and its template with it", async (context) => {
  const namespace = await adopted(context);
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await ended(namespace, 2, "promoted");
  const seen = load(context, await namespace.address("app"));
  await command(namespace, { id: "1", kind: "undo", actor: "tests", reason: "v2 is not wanted" });
  await ended(namespace, 3, "promoted");
  expect(imageOf(await namespace.rolledOut("app"))).toBe("demo:v1");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  const history = await namespace.kubectl("rollout", "history", "deployment/app");
  expect(history).toContain("3");
});

test("a Rollout that is deleted half way leaves everything serving, and the Deployment to its owner", async (context) => {
  const namespace = await adopted(context, { canary: { steps: [{ weight: "50%", gate: "look" }] } });
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting" && status.weight?.measured === "50%");
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  const deployment = await namespace.rolledOut("app");
  expect([deployment.spec.paused, imageOf(deployment)]).toEqual([undefined, "demo:v1"]);
  const sets = await namespace.list<ReplicaSet>("ReplicaSet");
  expect(sets.map(({ spec, metadata }) => [spec.replicas, metadata.annotations?.["serin.dev/pool"]])).toEqual([
    [3, undefined],
  ]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  // Without a Rollout the Deployment rolls by itself.
  await namespace.apply(demoDeployment("v3", { replicas: 3 }));
  await namespace.rolledOut("app");
});

test("a controller that is killed at any moment goes on where it was", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 3 })]);
  await namespace.rolledOut("app");
  const controller = await controllerOf(context, { cluster, namespace, lease: "8s" });
  await namespace.apply(rolloutOf(CANARY));
  await ended(namespace, 1, "promoted");
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  for (const pauseMs of [300, 900, 1_700, 2_600]) {
    await setTimeout(pauseMs);
    await controller.kill();
    controller.start();
  }
  await ended(namespace, 2, "promoted");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect(imageOf(await namespace.rolledOut("app"))).toBe("demo:v2");
});
