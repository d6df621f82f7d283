// Does a DaemonSet, adopted as it is, come to its new version node by node, and back?
import { afterAll, beforeAll, expect, type TestContext } from "vitest";
import { openCluster, type Namespace, type OwnCluster } from "./cluster.ts";
import { demoDaemonSet, demoDeployment, demoService, JUDGED, load } from "./demo.ts";
import { isThere, test } from "./kube-test.ts";
import type { DaemonSet, KubeObject, Pod } from "./objects.ts";
import { command, controllerOf, ended, installedAccount, rolloutNow, rolloutOf, type RolloutObject } from "./serin.ts";

const OWN = { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
/** Nodes that have an agent. */
const LABEL = "agents=yes";
const SELECTOR = { agents: "yes" };

/** A third, until a person says so; judged by the pods' own counts. */
const SPEC = { ...JUDGED, workload: { daemonSet: { name: "app", metrics: { every: "500ms" } } } };
const THIRD = { canary: { steps: [{ weight: "33.3333%", gate: "look" }] } };

interface Role extends KubeObject {
  readonly rules: readonly { readonly resources: readonly string[] }[];
}

let nodes: OwnCluster;
beforeAll(async () => {
  if (!isThere) return;
  nodes = await openCluster({ nodes: 4, range: 4 });
  await nodes.kubectl("label", "nodes", "node-0", "node-1", "node-2", LABEL);
});
afterAll(async () => {
  if (isThere) await nodes.end();
});

const demo = (version: string, more: Parameters<typeof demoDaemonSet>[1] = {}) =>
  demoDaemonSet(version, more, SELECTOR);

/** Pods as `node-0 v1`, by their nodes, with those that end. */
async function pods(namespace: Namespace): Promise<readonly { readonly text: string; readonly uid: string }[]> {
  const found = await namespace.list<Pod>("Pod");
  const seen = found.map(({ metadata, spec }) => ({
    text: `${spec.nodeName} ${spec.containers[0]?.image?.replace("demo:", "")}`,
    uid: metadata.uid ?? "",
  }));
  return seen.toSorted((a, b) => a.text.localeCompare(b.text));
}

const texts = async (namespace: Namespace) => (await pods(namespace)).map(({ text }) => text);

const onNodes = (...versions: readonly string[]) => versions.map((version, node) => `node-${node} ${version}`);

/** Waits until each node has this version, ready, and the Rollout measures the share that they make. */
function until(namespace: Namespace, versions: readonly string[], share: string) {
  return rolloutNow(namespace, async ({ status }) => {
    if (!(status?.weight?.measured ?? "").startsWith(share)) return false;
    const { status: now } = await namespace.get<DaemonSet>("DaemonSet/app");
    const isReady = now?.numberReady === versions.length && now.desiredNumberScheduled === versions.length;
    return isReady && (await texts(namespace)).join() === onNodes(...versions).join();
  });
}

/** Takes the pod of a node away, as a drained node does. */
async function lose(namespace: Namespace, node: string): Promise<void> {
  const found = (await namespace.list<Pod>("Pod")).find(({ spec }) => spec.nodeName === node);
  await namespace.delete(`Pod/${found?.metadata.name}`);
}

const imageOf = ({ spec }: DaemonSet) => spec.template.spec.containers[0]?.image;

function settled(namespace: Namespace, image: string, count = 3): Promise<DaemonSet> {
  return namespace.until<DaemonSet>("DaemonSet/app", (found) => {
    const { metadata, status } = found;
    const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    return isSeen && status?.numberReady === count && imageOf(found) === image;
  });
}

/** With the rights that the installation grants, and no more. */
async function adopted(context: TestContext, rollout: object): Promise<Namespace> {
  const namespace = await nodes.namespace(context);
  await namespace.apply([demoService(), demo("v1", { spec: { updateStrategy: OWN } })]);
  await settled(namespace, "demo:v1");
  const before = await pods(namespace);
  const kubeconfig = await installedAccount(nodes);
  await controllerOf(context, { cluster: nodes, namespace, kubeconfig, leaseNamespace: "serin-system" });
  await namespace.apply(rollout);
  await ended(namespace, 1, "promoted");
  expect(await pods(namespace)).toEqual(before);
  expect((await namespace.get<DaemonSet>("DaemonSet/app")).spec.updateStrategy).toEqual({ type: "OnDelete" });
  return namespace;
}

test("a canary of one node is promoted; a worse one is taken back, and does not come again to be asked", async (context) => {
  const namespace = await adopted(context, rolloutOf(THIRD, { spec: SPEC }));
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demo("v2"));
  await until(namespace, ["v2", "v1", "v1"], "33.3");
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "looks well" });
  await ended(namespace, 2, "promoted");
  expect(await texts(namespace)).toEqual(onNodes("v2", "v2", "v2"));
  expect(seen.lost).toEqual([]);
  const worse = demo("v3", { env: { FAIL: "0.5" } });
  await namespace.apply(worse);
  const back = await ended(namespace, 3, "rolled-back");
  expect(back.status?.verdict).toBe("worse");
  expect(await texts(namespace)).toEqual(onNodes("v2", "v2", "v2"));
  expect(imageOf(await settled(namespace, "demo:v2"))).toBe("demo:v2");
  const asked = { ...seen.answers.get("v3") };
  // What keeps the files brings it again: a pod that is lost then comes back as it, and nobody asks it.
  await namespace.apply(worse);
  await namespace.until<KubeObject & { spec: { selector: object } }>(
    "Service/app",
    ({ spec }) => "controller-revision-hash" in spec.selector,
  );
  await lose(namespace, "node-1");
  await until(namespace, ["v2", "v3", "v2"], "");
  expect((await rolloutNow(namespace, () => true)).status?.rollout).toBe(3);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect(seen.answers.get("v3")).toEqual(asked);
  expect([seen.answers.get("v1")?.failed, seen.answers.get("v2")?.failed]).toEqual([0, 0]);
});

test("pods that are lost half way, a node more, and a Rollout that is deleted leave every node serving", async (context) => {
  const namespace = await adopted(context, rolloutOf(THIRD, { spec: SPEC }));
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demo("v2"));
  await until(namespace, ["v2", "v1", "v1"], "33.3");
  // One of stable comes back as the candidate first, and then as stable; the template that is asked for is there again.
  const { metadata: before } = await settled(namespace, "demo:v2");
  await lose(namespace, "node-1");
  await rolloutNow(namespace, async () => (await texts(namespace)).includes("node-1 v2"));
  await until(namespace, ["v2", "v1", "v1"], "33.3");
  const { metadata: after } = await settled(namespace, "demo:v2");
  expect(after.generation).toBe((before.generation ?? 0) + 2);
  await lose(namespace, "node-0");
  await until(namespace, ["v2", "v1", "v1"], "33.3");
  context.onTestFinished(async () => void (await nodes.kubectl("label", "node", "node-3", "agents-")));
  await nodes.kubectl("label", "node", "node-3", LABEL);
  await until(namespace, ["v2", "v1", "v1", "v1"], "25");
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=60s");
  const { spec, metadata } = await settled(namespace, "demo:v1", 4);
  expect(spec.updateStrategy).toEqual(OWN);
  expect(Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith("serin.dev/"))).toEqual([]);
  expect(await texts(namespace)).toEqual(onNodes("v1", "v1", "v1", "v1"));
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a template that is changed again half way waits until what is under way is taken back", async (context) => {
  const strategy = { canary: { ...THIRD.canary, watch: "1m" } };
  const namespace = await adopted(context, rolloutOf(strategy, { spec: { ...SPEC, analysis: { enabled: false } } }));
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demo("v2"));
  await until(namespace, ["v2", "v1", "v1"], "33.3");
  await namespace.apply(demo("v3"));
  const images = new Set<string>();
  await rolloutNow(namespace, async ({ status }) => {
    for (const text of await texts(namespace)) if (status?.rollout === 2) images.add(text.slice(-2));
    return status?.rollout === 3;
  });
  expect(images).toEqual(new Set(["v1", "v2"]));
  await until(namespace, ["v3", "v1", "v1"], "33.3");
  // Stable has a node as long as the way back may be taken.
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "looks well" });
  await until(namespace, ["v3", "v3", "v1"], "100");
  await command(namespace, { id: "2", kind: "abort", actor: "tests", reason: "enough" });
  await ended(namespace, 3, "stopped");
  expect(await texts(namespace)).toEqual(onNodes("v1", "v1", "v1"));
  // It is asked for again by a person, whose word counts.
  await command(namespace, { id: "3", kind: "retry", actor: "tests", reason: "again" });
  await until(namespace, ["v3", "v1", "v1"], "33.3");
  await command(namespace, { id: "4", kind: "abort", actor: "tests", reason: "no" });
  await ended(namespace, 4, "stopped");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  await namespace.apply(rolloutOf({ recreate: {} }, { spec: { workload: SPEC.workload } }));
  await namespace.apply(demo("v4"));
  await ended(namespace, 5, "promoted");
  expect(await texts(namespace)).toEqual(onNodes("v4", "v4", "v4"));
  await command(namespace, { id: "5", kind: "undo", actor: "tests", reason: "the one before" });
  await ended(namespace, 6, "promoted");
  await settled(namespace, "demo:v1");
  expect(await texts(namespace)).toEqual(onNodes("v1", "v1", "v1"));
});

test("an installation of before looks after what it may read, and says what it lacks", async (context) => {
  const namespace = await nodes.namespace(context);
  await namespace.apply([demoService(), demo("v1", { spec: { updateStrategy: OWN } })]);
  await settled(namespace, "demo:v1");
  const kubeconfig = await installedAccount(nodes);
  const role = "ClusterRole/serin-controller";
  const { rules } = await nodes.objects.get<Role>(role);
  const before = rules.filter(({ resources }) => !resources.includes("daemonsets"));
  await nodes.objects.patch(role, { rules: before });
  await controllerOf(context, { cluster: nodes, namespace, kubeconfig, leaseNamespace: "serin-system" });
  await namespace.apply([
    demoService("shop"),
    demoDeployment("v1", { name: "shop" }),
    rolloutOf(THIRD, { name: "shop" }),
  ]);
  await namespace.apply(rolloutOf(THIRD, { spec: SPEC }));
  const told = await rolloutNow(namespace, ({ status }) => status?.message?.includes("daemonsets") ?? false);
  expect(told.status?.message).toContain("serin export install");
  await namespace.until<RolloutObject>("serin.dev/v1/Rollout/shop", ({ status }) => status?.outcome === "promoted");
  await nodes.objects.patch(role, { rules });
  await ended(namespace, 1, "promoted");
});
