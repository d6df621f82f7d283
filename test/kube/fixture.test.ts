// Does the cluster of the tests behave as a cluster does?
import { existsSync, readFileSync } from "node:fs";
import { expect, type TestContext } from "vitest";
import { clients, until, type Clients } from "../e2e/harness.ts";
import { define } from "./definitions.ts";
import { demoDeployment, demoService, load } from "./demo.ts";
import { openGate } from "./gate.ts";
import { ownCluster, sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { ContainerStatus, Deployment, KubeObject, Pod, ReplicaSet } from "./objects.ts";

/** A namespace in which v1 is ready behind its Service. */
async function serving(context: TestContext, demo: Parameters<typeof demoDeployment>[1] = {}): Promise<Namespace> {
  const shop = await sharedCluster().namespace(context);
  await shop.apply([demoService(), demoDeployment("v1", demo)]);
  await shop.rolledOut("app");
  return shop;
}

const answeredBy = (seen: Clients, version: string): number => seen.answers.get(version)?.ok ?? 0;

/** Waits until a version has answered so many requests more. */
async function answers(seen: Clients, version: string, more = 20): Promise<void> {
  const from = answeredBy(seen, version);
  await until(`${more} answers of ${version}`, async () => answeredBy(seen, version) >= from + more);
}

const waiting = ({ state }: ContainerStatus): string | undefined => state.waiting?.reason;
const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;
const containersOf = (pods: readonly Pod[]): readonly ContainerStatus[] =>
  pods.flatMap(({ status }) => status?.containerStatuses ?? []);

test("a rolling update loses no request, on connections that are kept and on new ones", async (context) => {
  const shop = await serving(context);
  const address = await shop.address("app");
  const seen = load(context, address);
  const kept = clients(address, 4, 5);
  context.onTestFinished(() => kept.stop());
  await answers(seen, "v1");
  await shop.apply(demoDeployment("v2"));
  await shop.rolledOut("app");
  await answers(seen, "v2");
  await answers(kept, "v2");
  await Promise.all([seen.stop(), kept.stop()]);
  expect(seen.lost).toEqual([]);
  expect(kept.lost).toEqual([]);
  await shop.untilAll<Pod>("Pod", (pods) => pods.length === 3);
  expect((await shop.list("ReplicaSet")).length).toBe(2);
});

test("a paused Deployment holds a changed template and replaces a lost pod", async (context) => {
  const shop = await serving(context);
  await shop.patch("Deployment/app", { spec: { paused: true } });
  await shop.apply(demoDeployment("v2"));
  const [lost] = await shop.list<Pod>("Pod");
  await shop.delete(`Pod/${lost?.metadata.name}`);
  const isWhole = (pods: readonly Pod[]): boolean =>
    pods.length === 3 && pods.every(({ metadata }) => metadata.uid !== lost?.metadata.uid);
  const pods = await shop.untilAll<Pod>("Pod", isWhole);
  expect(pods.map(({ spec }) => spec.containers[0]?.image)).toEqual(["demo:v1", "demo:v1", "demo:v1"]);
  expect((await shop.list<ReplicaSet>("ReplicaSet")).length).toBe(1);
});

test("a drained node gives its pods away without a lost request", async (context) => {
  const cluster = sharedCluster();
  const shop = await serving(context, { replicas: 4 });
  const seen = load(context, await shop.address("app"));
  const budget = { selector: { matchLabels: { app: "app" } }, minAvailable: 2 };
  await shop.apply({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "app" },
    spec: budget,
  });
  type Budget = KubeObject & { status?: { disruptionsAllowed?: number } };
  await shop.until<Budget>("PodDisruptionBudget/app", ({ status }) => status?.disruptionsAllowed === 2);
  context.onTestFinished(async () => void (await cluster.kubectl("uncordon", "node-0")));
  const selector = ["--pod-selector=app=app", "--timeout=120s"];
  await cluster.kubectl("drain", "node-0", ...selector);
  const pods = await shop.untilAll<Pod>("Pod", (all) => all.every(({ spec }) => spec.nodeName === "node-1"));
  expect(pods.length).toBeGreaterThanOrEqual(4);
  await shop.rolledOut("app");
  await answers(seen, "v1");
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a pod that is killed over a request costs that request", async (context) => {
  const shop = await serving(context, { replicas: 1, env: { DELAY: "20000" } });
  const [pod] = await shop.list<Pod>("Pod");
  const seen = load(context, await shop.address("app"), { count: 1 });
  const page = `http://${pod?.status?.podIP}:8080/metrics`;
  const isOld = async (): Promise<boolean> =>
    Number(/^oldest_request_seconds (\S+)$/mu.exec(await (await fetch(page)).text())?.[1]) > 4;
  await until("a request that is answered no more", isOld);
  await shop.kubectl("delete", "pod", pod?.metadata.name ?? "", "--force", "--grace-period=0");
  await until("a lost request", async () => seen.lost.length > 0);
});

test("a pod that may not go on is asked to end, and ends what it has begun", async (context) => {
  const shop = await serving(context, { replicas: 2, env: { DELAY: "700" } });
  const seen = load(context, await shop.address("app"), { count: 6 });
  await answers(seen, "v1", 6);
  for (const { metadata } of await shop.list<Pod>("Pod")) {
    await shop.delete(`Pod/${metadata.name}`);
    const isReplaced = (pods: readonly Pod[]): boolean =>
      pods.every((pod) => pod.metadata.uid !== metadata.uid) && pods.filter(isReady).length === 2;
    await shop.untilAll<Pod>("Pod", isReplaced);
  }
  await answers(seen, "v1", 12);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("what a pod is ill of is told: its image, its start, its configuration, its answer", async (context) => {
  const shop = await sharedCluster().namespace(context);
  const ref = { name: "settings", key: "FAIL" };
  await shop.apply([
    demoDeployment("v1", { name: "imageless", image: "nobody/knows", replicas: 1 }),
    demoDeployment("v1", { name: "crashing", env: { CRASH: "1" }, replicas: 1 }),
    demoDeployment("v1", { name: "unready", env: { NOT_READY: "1" }, replicas: 1 }),
    demoDeployment("v1", {
      name: "unset",
      replicas: 1,
      container: { env: [{ name: "FAIL", valueFrom: { configMapKeyRef: ref } }] },
    }),
  ]);
  const told = (name: string, holds: (status: ContainerStatus) => boolean) =>
    shop.untilAll<Pod>("Pod", (pods) => containersOf(pods).some(holds), { selector: `app=${name}` });
  await told("imageless", (status) => waiting(status) === "ImagePullBackOff");
  await told("crashing", (status) => waiting(status) === "CrashLoopBackOff" && status.restartCount >= 2);
  await told("unset", (status) => waiting(status) === "CreateContainerConfigError");
  await told("unready", ({ ready, state }) => !ready && state.running !== undefined);
  // What was missing comes, and the pod runs.
  await shop.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { FAIL: "1" } });
  await shop.rolledOut("unset");
  await shop.apply(demoService("unset"));
  const seen = load(context, await shop.address("unset"));
  await until("failures", async () => (seen.answers.get("v1")?.failed ?? 0) > 5);
  expect(answeredBy(seen, "v1")).toBe(0);
});

test("a Job runs to its end, an init container before the others, and a failed one is told", async (context) => {
  const shop = await sharedCluster().namespace(context);
  const job = (name: string, first: string, script: string): object => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      backoffLimit: 0,
      template: {
        spec: {
          restartPolicy: "Never",
          initContainers: [{ name: "first", image: "host", command: ["sh", "-c", first] }],
          containers: [{ name: "job", image: "host", command: ["sh", "-c", script] }],
        },
      },
    },
  });
  await shop.apply([job("good", "true", "true"), job("bad", "true", "exit 3"), job("never", "false", "true")]);
  type Job = Deployment & { status?: { succeeded?: number; failed?: number } };
  await shop.until<Job>("Job/good", ({ status }) => status?.succeeded === 1);
  await shop.until<Job>("Job/bad", ({ status }) => status?.failed === 1);
  await shop.until<Job>("Job/never", ({ status }) => status?.failed === 1);
});

test("hundreds of pods that are no processes are ready in seconds", async (context) => {
  const shop = await sharedCluster().namespace(context);
  await shop.apply(demoDeployment("v1", { name: "many", image: "inprocess", replicas: 300 }));
  const { status } = await shop.rolledOut("many", 60_000);
  expect(status?.readyReplicas).toBe(300);
});

test("what a client asks for is counted, and what the fixture asks for is not", async (context) => {
  const cluster = sharedCluster();
  const shop = await serving(context, { replicas: 1 });
  const sinceMs = Date.now();
  await shop.kubectl("get", "deployment", "app");
  await shop.kubectl("annotate", "deployment", "app", "told=yes");
  const { writes, by } = await cluster.requestsOf("kubectl", sinceMs);
  expect(writes).toBe(1);
  expect(by).toMatchObject({ "get deployments": 2, "patch deployments": 1 });
  expect(await cluster.requestsOf("serin-tests")).toMatchObject({ reads: 0, writes: 0 });
});

test("a StatefulSet has its pods one after the other, a DaemonSet one on each node", async (context) => {
  const shop = await sharedCluster().namespace(context);
  const { spec } = demoDeployment("v1");
  const { replicas, ...rest } = spec;
  const apiVersion = "apps/v1";
  await shop.apply([
    { apiVersion, kind: "StatefulSet", metadata: { name: "ordered" }, spec: { ...rest, replicas, serviceName: "app" } },
    { apiVersion, kind: "DaemonSet", metadata: { name: "everywhere" }, spec: rest },
  ]);
  const pods = await shop.untilAll<Pod>("Pod", (all) => all.filter((pod) => isReady(pod)).length === 5);
  const of = (kind: string) => pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === kind);
  expect(of("StatefulSet").map(({ metadata }) => metadata.name)).toEqual(["ordered-0", "ordered-1", "ordered-2"]);
  expect(new Set(of("DaemonSet").map((pod) => pod.spec.nodeName))).toEqual(new Set(["node-0", "node-1"]));
});

test("pods that are annotated so are named to a Prometheus", async (context) => {
  const cluster = sharedCluster();
  const shop = await serving(context, { replicas: 1 });
  const [pod] = await shop.list<Pod>("Pod");
  await shop.patch(`Pod/${pod?.metadata.name}`, { metadata: { annotations: { "prometheus.io/scrape": "true" } } });
  const target = `${pod?.status?.podIP}:8080`;
  await until(
    "a target",
    async () => existsSync(cluster.targets) && readFileSync(cluster.targets, "utf8").includes(target),
  );
  expect(await (await fetch(`http://${target}/metrics`)).text()).toContain("http_request_duration_seconds_count 0");
});

test("a gate refuses, cuts and loses what a client asks for", async (context) => {
  const cluster = sharedCluster();
  const shop = await cluster.namespace(context);
  const gate = await openGate(context, cluster);
  const make = (name: string) =>
    cluster.kubectl(`--kubeconfig=${gate.kubeconfig}`, `--namespace=${shop.name}`, "create", "configmap", name);
  const isThere = async (name: string) => (await shop.find(`ConfigMap/${name}`)) !== undefined;
  await make("passes");
  gate.decide = ({ isWrite }) => (isWrite ? { status: 409, reason: "Conflict" } : "pass");
  await expect(make("refused")).rejects.toThrow("a test said so");
  gate.decide = ({ isWrite }) => (isWrite ? "cut" : "pass");
  await expect(make("cut")).rejects.toThrow(/EOF|reset/u);
  gate.decide = ({ isWrite }) => (isWrite ? "lose" : "pass");
  await expect(make("lost")).rejects.toThrow(/EOF|reset/u);
  expect(await Promise.all(["passes", "refused", "cut", "lost"].map(isThere))).toEqual([true, false, false, true]);
  expect(gate.asked.filter(({ isWrite }) => isWrite).map(({ write }) => write)).toEqual([1, 2, 3, 4]);
});

test("others' resources are known, and checked as their owners check them", async (context) => {
  const cluster = sharedCluster();
  await Promise.all([define(cluster, "istio"), define(cluster, "gateway")]);
  const shop = await cluster.namespace(context);
  const virtualService = (weight: number | string) => ({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name: "app" },
    spec: { hosts: ["app"], http: [{ route: [{ destination: { host: "app" }, weight }] }] },
  });
  await shop.apply(virtualService(100));
  expect((await shop.list("networking.istio.io/v1/VirtualService")).length).toBe(1);
  await expect(shop.apply({ ...virtualService(100), spec: { host: ["app"] } })).rejects.toThrow("host");
  await expect(shop.apply(virtualService("most"))).rejects.toThrow("weight");
});

test("pods serve on while the API server is away, and are led again when it is back", async (context) => {
  const cluster = await ownCluster(context);
  const shop = await cluster.namespace(context);
  await shop.apply([demoService(), demoDeployment("v1")]);
  await shop.rolledOut("app");
  const seen = load(context, await shop.address("app"));
  await answers(seen, "v1");
  await cluster.plane.apiServer.kill();
  await answers(seen, "v1", 50);
  cluster.plane.apiServer.start();
  await cluster.plane.answers();
  await shop.apply(demoDeployment("v2"));
  await shop.rolledOut("app");
  await answers(seen, "v2");
  await seen.stop();
  expect(seen.lost).toEqual([]);
});
