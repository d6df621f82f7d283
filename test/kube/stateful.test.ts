// Does a StatefulSet, adopted as it is, come to its new version in its places, and back?
import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import type { PodTemplate } from "../../src/adapters/kubernetes/client/objects.ts";
import { Cluster as Known } from "../../src/adapters/kubernetes/cluster.ts";
import { revisionOfTemplate } from "../../src/adapters/kubernetes/revision.ts";
import { Places, type Written } from "../../src/adapters/kubernetes/places/places.ts";
import { STATEFUL_SETS } from "../../src/adapters/kubernetes/places/stateful.ts";
import { PlacedWorkload } from "../../src/adapters/kubernetes/places/workload.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { WantedPool } from "../../src/ports/workload.ts";
import type { Namespace } from "./cluster.ts";
import { demoService, demoStatefulSet, JUDGED, load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Pod, StatefulSet } from "./objects.ts";
import { command, controllerOf, ended, installedAccount, installKinds, rolloutNow, rolloutOf } from "./serin.ts";

const OWN = { type: "RollingUpdate", rollingUpdate: { partition: 1 } };
const BRAKE = { type: "RollingUpdate", rollingUpdate: { partition: 2_147_483_647 } };

/** A third, until a person says so; judged by the pods' own counts. */
const SPEC = {
  ...JUDGED,
  workload: { statefulSet: { name: "app", metrics: { every: "500ms" } } },
};
const THIRD = { canary: { steps: [{ weight: "33.3333%", gate: "look" }] } };

/** Pods as `app-0 v1`, by name. */
async function pods(namespace: Namespace): Promise<readonly { readonly text: string; readonly uid: string }[]> {
  const found = await namespace.list<Pod>("Pod");
  const seen = found.map(({ metadata, spec }) => ({
    text: `${metadata.name} ${spec.containers[0]?.image?.replace("demo:", "")}`,
    uid: metadata.uid ?? "",
  }));
  return seen.toSorted((a, b) => a.text.localeCompare(b.text));
}

const texts = async (namespace: Namespace) => (await pods(namespace)).map(({ text }) => text);

function settled(namespace: Namespace, image: string): Promise<StatefulSet> {
  return namespace.until<StatefulSet>("StatefulSet/app", ({ metadata, spec, status }) => {
    const isSeen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    return isSeen && status?.readyReplicas === 3 && spec.template.spec.containers[0]?.image === image;
  });
}

async function adopted(context: TestContext): Promise<Namespace> {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoStatefulSet("v1", { spec: { updateStrategy: OWN } })]);
  await settled(namespace, "demo:v1");
  // With the rights that the installation grants, and no more.
  const kubeconfig = await installedAccount(cluster);
  await controllerOf(context, { cluster, namespace, kubeconfig, leaseNamespace: "serin-system" });
  return namespace;
}

const atThird = (namespace: Namespace) =>
  rolloutNow(
    namespace,
    ({ status }) => status?.phase === "Waiting" && (status.weight?.measured ?? "").startsWith("33.3"),
  );

test("a StatefulSet is adopted as it is, and a canary of one place is promoted, and then taken back", async (context) => {
  const namespace = await adopted(context);
  const before = await pods(namespace);
  await namespace.apply(rolloutOf(THIRD, { spec: SPEC }));
  await ended(namespace, 1, "promoted");
  expect(await pods(namespace)).toEqual(before);
  expect((await namespace.get<StatefulSet>("StatefulSet/app")).spec.updateStrategy).toEqual(BRAKE);
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoStatefulSet("v2"));
  await atThird(namespace);
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v1", "app-2 v2"]);
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "looks well" });
  await ended(namespace, 2, "promoted");
  expect(await texts(namespace)).toEqual(["app-0 v2", "app-1 v2", "app-2 v2"]);
  expect(seen.lost).toEqual([]);
  await namespace.apply(demoStatefulSet("v3", { env: { FAIL: "0.5" } }));
  const back = await ended(namespace, 3, "rolled-back");
  expect(back.status?.verdict).toBe("worse");
  expect(await texts(namespace)).toEqual(["app-0 v2", "app-1 v2", "app-2 v2"]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect([seen.answers.get("v1")?.failed, seen.answers.get("v2")?.failed]).toEqual([0, 0]);
  expect((await namespace.get<StatefulSet>("StatefulSet/app")).spec.updateStrategy).toEqual(BRAKE);
});

test("a lost pod comes back in its version; a Rollout that is deleted half way leaves every place serving", async (context) => {
  const namespace = await adopted(context);
  await namespace.apply(rolloutOf(THIRD, { spec: SPEC }));
  await ended(namespace, 1, "promoted");
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoStatefulSet("v2"));
  await atThird(namespace);
  // Whichever pod is lost comes back in its version.
  const lost = new Set((await pods(namespace)).flatMap(({ text, uid }) => (text.startsWith("app-1 ") ? [] : [uid])));
  await namespace.delete("Pod/app-0");
  await namespace.delete("Pod/app-2");
  await namespace.untilAll<Pod>(
    "Pod",
    (found) => found.length === 3 && found.every(({ metadata: { uid = "" } }) => !lost.has(uid)),
  );
  await settled(namespace, "demo:v2");
  await atThird(namespace);
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v1", "app-2 v2"]);
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  const { spec, metadata } = await settled(namespace, "demo:v1");
  expect(spec.updateStrategy).toEqual(OWN);
  expect(Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith("serin.dev/"))).toEqual([]);
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v1", "app-2 v1"]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a template that is changed again half way starts nothing by itself; what is stopped first is started again", async (context) => {
  const namespace = await adopted(context);
  await namespace.apply(
    rolloutOf({ canary: { ...THIRD.canary, watch: "1m" } }, { spec: { ...SPEC, analysis: { enabled: false } } }),
  );
  await ended(namespace, 1, "promoted");
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoStatefulSet("v2"));
  await atThird(namespace);
  const images = new Set<string>();
  await namespace.apply(demoStatefulSet("v3"));
  await rolloutNow(namespace, async ({ status }) => {
    for (const text of await texts(namespace)) if (status?.rollout === 2) images.add(text.slice(-2));
    return status?.rollout === 3;
  });
  expect(images).toEqual(new Set(["v1", "v2"]));
  await atThird(namespace);
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v1", "app-2 v3"]);
  // Its own number counts, in mid-rollout too.
  await namespace.kubectl("scale", "statefulset/app", "--replicas=4");
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "25%");
  // The new place may be stable's for a moment.
  const inFour = ["app-0 v1", "app-1 v1", "app-2 v1", "app-3 v3"];
  await expect.poll(() => texts(namespace), { timeout: 60_000 }).toEqual(inFour);
  await namespace.kubectl("scale", "statefulset/app", "--replicas=3");
  await atThird(namespace);
  // Stable has a place as long as the way back may be taken.
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "looks well" });
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "100%");
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v3", "app-2 v3"]);
  await command(namespace, { id: "2", kind: "abort", actor: "tests", reason: "enough" });
  await ended(namespace, 3, "stopped");
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v1", "app-2 v1"]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
  await namespace.apply(demoStatefulSet("v1"));
  await namespace.apply(rolloutOf({ recreate: {} }, { spec: { workload: SPEC.workload } }));
  await namespace.apply(demoStatefulSet("v4"));
  await ended(namespace, 4, "promoted");
  expect(await texts(namespace)).toEqual(["app-0 v4", "app-1 v4", "app-2 v4"]);
  await command(namespace, { id: "3", kind: "undo", actor: "tests", reason: "the one before" });
  await ended(namespace, 5, "promoted");
  await settled(namespace, "demo:v1");
  expect(await texts(namespace)).toEqual(["app-0 v1", "app-1 v1", "app-2 v1"]);
});

test("where all places are the candidate's the way back brings the template of stable, too", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await installKinds(cluster);
  await namespace.apply(demoStatefulSet("v1"));
  const { metadata } = await settled(namespace, "demo:v1");
  const [rollout] = await namespace.apply(rolloutOf(THIRD, { spec: SPEC }));
  const known = new Known({
    clock: systemClock(),
    kubeconfig: cluster.kubeconfig,
    only: namespace.name,
    userAgent: "serin/w",
  });
  await known.start();
  context.onTestFinished(() => known.stop());
  const sets = await known.statefulSets();
  const [live] = [...sets.sets.values()];
  const stable: WantedPool = {
    pool: "1",
    role: "stable",
    revision: revisionOfTemplate(live?.spec.template as PodTemplate),
    size: 3,
  };
  let pools: readonly WantedPool[] = [stable];
  const written = (): Written => ({
    pools: pools.map(({ pool, role = "stable", revision }) => ({ pool, role, revision: revision.id })),
    stable: { pool: stable.pool, revision: stable.revision },
    fullSize: 3,
    isExposed: true,
    isBack: false,
    withdrawn: undefined,
  });
  const by = { namespace: namespace.name, name: "app", uid: rollout?.metadata.uid ?? "", adoptee: "app" };
  const places = new Places(
    known,
    { ...by, adopteeUid: metadata.uid },
    { placedBy: STATEFUL_SETS, known: sets, written },
  );
  const workload = new PlacedWorkload({ adopted: places, port: () => undefined });
  const follow = async (wanted: readonly WantedPool[], image: string): Promise<void> => {
    pools = wanted;
    await settledTo(namespace, image, () => workload.apply(pools, [], { signal: AbortSignal.timeout(30_000) }));
  };
  await workload.apply(pools, [], { signal: AbortSignal.timeout(30_000) });
  await namespace.apply(demoStatefulSet("v2"));
  const { spec } = await namespace.get<{ spec: { template: PodTemplate } } & StatefulSet>("StatefulSet/app");
  await sleep(500);
  const candidate: WantedPool = { pool: "2", role: "canary", revision: revisionOfTemplate(spec.template), size: 3 };
  await follow([{ ...stable, size: 0 }, candidate], "v2");
  await follow([stable, candidate], "v1");
  await settled(namespace, "demo:v1");
});

/** Looks again and again until all places have a version. */
async function settledTo(namespace: Namespace, version: string, look: () => Promise<void>): Promise<void> {
  await namespace.until<StatefulSet>("StatefulSet/app", async ({ status }) => {
    await look();
    const all = await texts(namespace);
    return status?.readyReplicas === 3 && all.length === 3 && all.every((text) => text.endsWith(version));
  });
}
