// Does a rollout come to its end while the cluster is in trouble?
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { adopted, atHalf, HALF } from "./adopted.ts";
import { demoDeployment, demoService, load } from "./demo.ts";
import { holding, leftOver } from "./holding.ts";
import { ownCluster, test } from "./kube-test.ts";
import { live } from "./in-process.ts";
import type { KubeObject, Pod, ReplicaSet } from "./objects.ts";
import { command, ended, rolloutNow, rolloutOf } from "./serin.ts";

const goOn = { id: "1", kind: "promote", actor: "tests", reason: "looks well" };
type Quota = KubeObject & { readonly status?: { readonly used?: Readonly<Record<string, string>> } };

const SHORT = { canary: { steps: [{ weight: "50%", hold: "2s" }] } };

test("somebody writes all objects fifty times a second", async (context) => {
  const { namespace, clients } = await adopted(context, { strategy: SHORT });
  const held = holding(context, namespace);
  const seen = await clients();
  const off = new AbortController();
  const storm = async (reference: string): Promise<void> => {
    for (let times = 0; !off.signal.aborted; times += 1) {
      await namespace
        .patch(reference, { metadata: { annotations: { storm: String(times) } } })
        // A ReplicaSet may go meanwhile.
        .catch(() => undefined);
      await sleep(20);
    }
  };
  const sets = async (): Promise<void> => {
    while (!off.signal.aborted) {
      for (const { metadata } of await namespace.list<ReplicaSet>("ReplicaSet")) {
        await namespace
          .patch(`ReplicaSet/${metadata.name}`, { metadata: { annotations: { storm: String(Date.now()) } } })
          .catch(() => undefined);
      }
      await sleep(10);
    }
  };
  const storms = [storm("serin.dev/v1/Rollout/app"), storm("Deployment/app"), sets()];
  await namespace.apply(demoDeployment("v2"));
  await ended(namespace, 2, "promoted");
  off.abort();
  await Promise.all(storms);
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  expect(await held.stop()).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("watches that are cut off, and whose place in the history is not known any more, are begun again", async (context) => {
  const { namespace, clients, life } = await adopted(context);
  const seen = await clients();
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  const expired = new Map<string, number>();
  life.gate.watch = (plural) => {
    const times = (expired.get(plural) ?? 0) + 1;
    expired.set(plural, times);
    return times <= 2 ? "expired" : "pass";
  };
  life.gate.cut();
  await command(namespace, goOn);
  await ended(namespace, 2, "promoted");
  expect([...expired.keys()].toSorted()).toEqual(["deployments", "pods", "replicasets", "rollouts", "services"]);
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a quota that leaves no room for the candidate is told, and the rollout goes on when there is room", async (context) => {
  const { namespace, clients } = await adopted(context, { spec: { progressDeadline: "2m" } });
  const seen = await clients();
  const quota = (pods: number): object => ({
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "pods" },
    spec: { hard: { pods: String(pods) } },
  });
  await namespace.apply(quota(3));
  // Before it was counted by it nothing is refused.
  await namespace.until<Quota>("v1/ResourceQuota/pods", ({ status }) => status?.used?.["pods"] === "3");
  await namespace.apply(demoDeployment("v2"));
  await rolloutNow(namespace, ({ status }) => status?.why?.includes("exceeded quota") ?? false);
  await namespace.apply(quota(20));
  await atHalf(namespace);
  await command(namespace, goOn);
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a node is drained half way, with a budget", async (context) => {
  const { namespace, clients } = await adopted(context);
  const seen = await clients();
  await namespace.apply([
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "app" },
      spec: { minAvailable: 3, selector: { matchLabels: { app: "app" } } },
    },
    demoDeployment("v2"),
  ]);
  await atHalf(namespace);
  const pods = await namespace.list<Pod>("Pod");
  const node = pods[0]?.spec.nodeName ?? "";
  context.onTestFinished(async () => void (await namespace.kubectl("uncordon", node)));
  const there = `--pod-selector=app=app`;
  await namespace.kubectl("drain", node, there, "--ignore-daemonsets", "--force", "--timeout=120s");
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "50%" && status.health === "well");
  await command(namespace, goOn);
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("the API server is away half way", async (context) => {
  const cluster = await ownCluster(context, { range: 3 });
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1")]);
  await namespace.rolledOut("app");
  await live(context, { cluster, namespace });
  await namespace.apply(rolloutOf(HALF));
  await ended(namespace, 1, "promoted");
  const seen = load(context, await namespace.address("app"), { count: 2, pauseMs: 20 });
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await cluster.plane.apiServer.kill();
  await sleep(4_000);
  cluster.plane.apiServer.start();
  await cluster.plane.answers();
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "50%");
  await seen.stop();
  expect(seen.lost).toEqual([]);
});
