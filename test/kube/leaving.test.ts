// What is left of a rollout whose Rollout, or whose Deployment, is taken away?
import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import { adopted, atHalf, HALF } from "./adopted.ts";
import { demoDeployment } from "./demo.ts";
import { leftOver } from "./holding.ts";
import { test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { Deployment, KubeObject, Pod, ReplicaSet } from "./objects.ts";
import { command, ended, rolloutNow, rolloutOf, type RolloutObject } from "./serin.ts";

const ROLLOUT = "serin.dev/v1/Rollout/app";
const SLOW = { env: { NOT_READY: "1" } };

/** Brings a rollout to a moment of its life. */
const MOMENTS: Readonly<Record<string, (namespace: Namespace) => Promise<unknown>>> = {
  "its candidate starts": async (namespace) => {
    await namespace.apply(demoDeployment("v2", SLOW));
    await namespace.untilAll<ReplicaSet>("ReplicaSet", (sets) => sets.length === 2);
  },
  "a person is waited for": async (namespace) => {
    await namespace.apply(demoDeployment("v2"));
    await atHalf(namespace);
  },
  "it goes back": async (namespace) => {
    await namespace.apply(demoDeployment("v2"));
    await atHalf(namespace);
    await command(namespace, { id: "1", kind: "abort", actor: "tests", reason: "it is not wanted" });
  },
};

async function left(namespace: Namespace, version: string): Promise<void> {
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  const { spec, metadata } = await namespace.rolledOut("app");
  expect([spec.paused, spec.template.spec.containers[0]?.image]).toEqual([undefined, `demo:${version}`]);
  expect(Object.keys(metadata.annotations ?? {}).filter((name) => name.startsWith("serin"))).toEqual([]);
  const sets = await namespace.list<ReplicaSet>("ReplicaSet");
  expect(sets.filter((set) => set.spec.replicas !== 0).map((set) => set.spec.replicas)).toEqual([3]);
  expect(sets.map((set) => set.metadata.annotations?.["serin.dev/pool"])).toEqual(sets.map(() => undefined));
  const service = await namespace.get<KubeObject & { spec: { selector: object } }>("Service/app");
  expect(service.spec.selector).toEqual({ app: "app" });
}

for (const [moment, come] of Object.entries(MOMENTS)) {
  test(`a Rollout that is deleted while ${moment} leaves stable serving`, async (context) => {
    const { namespace, clients } = await adopted(context);
    const seen = await clients();
    await come(namespace);
    await left(namespace, "v1");
    await seen.stop();
    expect(seen.lost).toEqual([]);
  });
}

test("a Rollout that is deleted while its candidate becomes stable leaves one of them serving", async (context) => {
  const { namespace, clients, life } = await adopted(context, { strategy: { canary: { steps: [{ weight: "50%" }] } } });
  const seen = await clients();
  let isGiven = (): void => undefined;
  const given = new Promise<void>((resolve) => (isGiven = resolve));
  // Its old ReplicaSet is let go with this write; the next one, which gives the new one away, comes too late.
  life.gate.fate = ({ what }) => {
    const isPromoted = life.gate.writes.filter((one) => one === "PATCH replicasets/app-64f9c4dcbc").length > 2;
    if (isPromoted && what.startsWith("PATCH replicasets")) isGiven();
    return "pass";
  };
  await namespace.apply(demoDeployment("v2"));
  await Promise.race([given, ended(namespace, 2, "promoted")]);
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  const { spec } = await namespace.rolledOut("app");
  expect(spec.paused).toBeUndefined();
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a Rollout that is deleted and made again at once is taken up again", async (context) => {
  const { namespace, clients } = await adopted(context);
  const seen = await clients();
  const before = await namespace.get<RolloutObject>(ROLLOUT);
  await namespace.delete(ROLLOUT);
  const again = async (): Promise<boolean> => {
    const { metadata } = (await namespace.apply(rolloutOf(HALF)))[0] as RolloutObject;
    return metadata.uid !== before.metadata.uid;
  };
  while (!(await again())) await sleep(5);
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

async function madeAgain(context: TestContext, cascade: "background" | "orphan"): Promise<Namespace> {
  const { namespace } = await adopted(context);
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await namespace.kubectl("delete", "deployment/app", `--cascade=${cascade}`);
  await namespace.apply(demoDeployment("v3"));
  await rolloutNow(namespace, ({ status }) => status?.rollout === 1 && status.outcome === "promoted");
  await namespace.until<Deployment>("Deployment/app", ({ status }) => status?.availableReplicas === 3);
  return namespace;
}

test("a Deployment that is deleted and made again half way is adopted as a new one", async (context) => {
  const namespace = await madeAgain(context, "background");
  expect(await leftOver(namespace, { version: "v3" })).toEqual([]);
  const images = (pods: readonly Pod[]): string =>
    [...new Set(pods.map(({ spec }) => spec.containers[0]?.image))].join();
  await namespace.untilAll<Pod>("Pod", (pods) => images(pods) === "demo:v3");
});
