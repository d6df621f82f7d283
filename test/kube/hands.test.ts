// What becomes of a rollout when people and their tools change the Deployment meanwhile?
import { expect } from "vitest";
import { adopted, atHalf, HALF } from "./adopted.ts";
import { demoDeployment } from "./demo.ts";
import { holding, leftOver } from "./holding.ts";
import { test } from "./kube-test.ts";
import type { Deployment, KubeObject, ReplicaSet } from "./objects.ts";
import { command, ended, rolloutNow, rolloutOf, type RolloutObject } from "./serin.ts";

const goOn = (id: string) => ({ id, kind: "promote", actor: "tests", reason: "looks well" });
const imageOf = ({ spec }: Deployment): string | undefined => spec.template.spec.containers[0]?.image;

test("scaled up and down half way, it follows, and nobody is lost", async (context) => {
  const { namespace, clients } = await adopted(context);
  const seen = await clients();
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  // As a HorizontalPodAutoscaler writes it, and as a person does.
  await namespace.patch("Deployment/app", { spec: { replicas: 5 } }, "scale");
  await namespace.until<Deployment>("Deployment/app", ({ status }) => status?.availableReplicas === 5);
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "50%" && status.phase === "Waiting");
  await namespace.kubectl("scale", "deployment/app", "--replicas=2");
  await namespace.until<Deployment>("Deployment/app", ({ status }) => status?.replicas === 2);
  await rolloutNow(namespace, ({ status }) => status?.weight?.measured === "50%" && status.phase === "Waiting");
  await command(namespace, goOn("1"));
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2", replicas: 2 })).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("scaled to nothing half way, it goes back", async (context) => {
  const { namespace } = await adopted(context);
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await namespace.kubectl("scale", "deployment/app", "--replicas=0");
  await rolloutNow(namespace, ({ status }) => status?.why?.includes("is scaled to 0") ?? false);
});

test("a template that is taken back half way takes the rollout back", async (context) => {
  const { namespace, clients } = await adopted(context);
  const held = holding(context, namespace);
  const seen = await clients();
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await namespace.apply(demoDeployment("v1"));
  const rollout = await ended(namespace, 2, "stopped");
  expect(rollout.status?.why).toContain("template of stable again");
  expect(await leftOver(namespace, { version: "v1" })).toEqual([]);
  expect(await held.stop()).toEqual([]);
  // The same version may come again.
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

for (const [policy, first] of [
  ["supersede", "stopped"],
  ["queue", "promoted"],
  ["refuse", "promoted"],
] as const) {
  test(`a newer template half way: ${policy}`, async (context) => {
    const { namespace, clients } = await adopted(context, { spec: { onNewRevision: policy } });
    const held = holding(context, namespace);
    const seen = await clients();
    await namespace.apply(demoDeployment("v2"));
    await atHalf(namespace);
    await namespace.apply(demoDeployment("v3"));
    if (policy === "refuse")
      await rolloutNow(namespace, ({ status }) =>
        Boolean(status?.conditions?.some(({ type, reason }) => type === "Accepted" && reason === "Busy")),
      );
    if (policy !== "supersede") {
      await rolloutNow(namespace, ({ status }) => status?.rollout === 2 && status.phase === "Waiting");
      await command(namespace, goOn("1"));
    }
    // The newest template is what is brought in the end, whatever was said meanwhile.
    await rolloutNow(namespace, ({ status }) => status?.rollout === 3 && status.phase === "Waiting");
    const now = await rolloutNow(namespace, () => true);
    expect((now.status as { history?: readonly { outcome: string }[] }).history?.[0]?.outcome).toBe(first);
    expect(now.status?.conditions?.find(({ type }) => type === "Accepted")?.status).toBe("True");
    await command(namespace, goOn("2"));
    await ended(namespace, 3, "promoted");
    expect(await leftOver(namespace, { version: "v3" })).toEqual([]);
    expect(await held.stop()).toEqual([]);
    await seen.stop();
    expect(seen.lost).toEqual([]);
  });
}

test("whoever takes the brake off starts nothing that stays", async (context) => {
  const { namespace, clients } = await adopted(context);
  const seen = await clients();
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  for (let times = 0; times < 3; times += 1) {
    await namespace.kubectl("rollout", "resume", "deployment/app");
    await namespace.until<Deployment>("Deployment/app", ({ spec }) => spec.paused === true);
  }
  await namespace.untilAll<ReplicaSet>("ReplicaSet", (sets) => sets.length === 2);
  await command(namespace, goOn("1"));
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("a second Rollout for the same Deployment is told so, and takes over when the first one goes", async (context) => {
  const { namespace, clients } = await adopted(context);
  const seen = await clients();
  const [second] = [rolloutOf(HALF, { name: "other", traffic: { service: { name: "app" } } }) as { spec: object }];
  const spec = { ...second.spec, workload: { deployment: { name: "app" } } };
  await namespace.apply({ ...second, spec });
  const other = "serin.dev/v1/Rollout/other";
  await namespace.until<RolloutObject>(other, ({ status }) =>
    Boolean(status?.conditions?.some(({ type, reason }) => type === "Accepted" && reason === "Taken")),
  );
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  await namespace.until<RolloutObject>(
    other,
    ({ status }) => status?.outcome === "promoted" && status.phase === "Idle",
  );
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("kubectl says that a Deployment is paused, and its own restart and undo change nothing", async (context) => {
  const { namespace } = await adopted(context, { strategy: { canary: { steps: [{ weight: "50%" }] } } });
  const refused = async (...args: readonly string[]): Promise<string> =>
    namespace.kubectl("rollout", ...args).then(
      () => "",
      (error: unknown) => String(error),
    );
  expect(await refused("restart", "deployment/app")).toMatch(/can't restart paused deployment/u);
  await namespace.apply(demoDeployment("v2"));
  await ended(namespace, 2, "promoted");
  expect(await refused("undo", "deployment/app")).toMatch(/paused/u);
  expect(imageOf(await namespace.get<Deployment>("Deployment/app"))).toBe("demo:v2");
  // What a restart does, an annotation of the template does too.
  const again = { spec: { template: { metadata: { annotations: { restarted: "now" } } } } };
  await namespace.patch("Deployment/app", again);
  await ended(namespace, 3, "promoted");
});

test("a tool that applies the same again and again changes nothing and is never refused", async (context) => {
  const { namespace, clients } = await adopted(context, {
    strategy: { canary: { steps: [{ weight: "50%", hold: "3s" }] } },
  });
  const seen = await clients();
  const applyAll = async (version: string): Promise<Deployment> =>
    (await namespace.apply(demoDeployment(version)))[0] as Deployment;
  await applyAll("v2");
  const off = new AbortController();
  const over = ended(namespace, 2, "promoted").finally(() => off.abort());
  for (let times = 0; !off.signal.aborted && times < 500; times += 1) {
    const { spec } = await applyAll("v2");
    expect(spec.replicas).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await over;
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  const { metadata } = await namespace.get<KubeObject>("Deployment/app");
  const managed = metadata.managedFields as readonly { manager: string; fieldsV1: object }[];
  const own = managed.filter(({ manager }) => manager === "serin").map(({ fieldsV1 }) => JSON.stringify(fieldsV1));
  expect(own.join()).not.toMatch(/f:replicas|f:template|f:selector/u);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});
