// Does exactly one of several controllers decide?
import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext } from "vitest";
import { until } from "../e2e/harness.ts";
import { demoDeployment, demoService, load } from "./demo.ts";
import { atHalf, HALF } from "./adopted.ts";
import { holding, leftOver } from "./holding.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { Daemon } from "./daemon.ts";
import type { KubeObject } from "./objects.ts";
import { command, controllerOf, ended, rolloutOf } from "./serin.ts";

type Lease = KubeObject & { readonly spec?: { readonly holderIdentity?: string } };

/** Waited for by the one that follows. */
const LEASE = "8s";

const goOn = { id: "1", kind: "promote", actor: "tests", reason: "looks well" };

const leader = async (namespace: Namespace, holds: (pid: number) => boolean): Promise<number> => {
  const pidOf = ({ spec }: Lease): number => Number(/-(\d+)$/u.exec(spec?.holderIdentity ?? "")?.[1]);
  const lease = `coordination.k8s.io/v1/Lease/serin-controller-${namespace.name}`;
  return pidOf(await namespace.until<Lease>(lease, (found) => holds(pidOf(found))));
};

async function two(context: TestContext): Promise<{ namespace: Namespace; first: Daemon; second: Daemon }> {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1")]);
  await namespace.rolledOut("app");
  const first = await controllerOf(context, { cluster, namespace, lease: LEASE });
  await leader(namespace, (pid) => pid === first.pid);
  const second = await controllerOf(context, { cluster, namespace, name: "b", lease: LEASE });
  await namespace.apply(rolloutOf(HALF));
  await ended(namespace, 1, "promoted");
  return { namespace, first, second };
}

test("one that is killed is followed by the other", async (context) => {
  const { namespace, first, second } = await two(context);
  const held = holding(context, namespace);
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  await first.kill();
  await leader(namespace, (pid) => pid === second.pid);
  await command(namespace, goOn);
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  expect(await held.stop()).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});

test("one that stood still for longer than its lease writes nothing when it goes on", async (context) => {
  const { namespace, first, second } = await two(context);
  const held = holding(context, namespace);
  const seen = load(context, await namespace.address("app"));
  await namespace.apply(demoDeployment("v2"));
  await atHalf(namespace);
  const { pid = 0 } = first;
  process.kill(pid, "SIGSTOP");
  context.onTestFinished(() => void (first.pid === pid && process.kill(pid, "SIGCONT")));
  await leader(namespace, (now) => now === second.pid);
  await command(namespace, goOn);
  await ended(namespace, 2, "promoted");
  await second.stop();
  const before = await namespace.get<KubeObject>("serin.dev/v1/Rollout/app");
  const states = async (): Promise<string> => {
    const objects = ["serin.dev/v1/Rollout", "Deployment", "ReplicaSet", "Service"];
    const lists = await Promise.all(objects.map((kind) => namespace.list<KubeObject>(kind)));
    return lists
      .flat()
      .map(({ metadata }) => `${metadata.name} ${metadata.generation} ${metadata.resourceVersion}`)
      .join();
  };
  // Kubernetes' own controllers have the last word.
  const rest = async (): Promise<string | false> => {
    const now = await states();
    await sleep(1_000);
    return (await states()) === now && now;
  };
  const was = await until("nobody writes any more", rest, 60_000);
  process.kill(pid, "SIGCONT");
  // It ends by itself, or takes the lease anew; until then nothing of it is taken.
  for (let looks = 0; looks < 20 && first.pid === pid; looks += 1) await sleep(100);
  expect(before.metadata.uid).toBeDefined();
  expect(await states()).toBe(was);
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  expect(await held.stop()).toEqual([]);
  await seen.stop();
  expect(seen.lost).toEqual([]);
});
