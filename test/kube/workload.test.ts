// Are ReplicaSets beside a Deployment a workload?
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { Adopted } from "../../src/adapters/kubernetes/adopted.ts";
import { Cluster } from "../../src/adapters/kubernetes/cluster.ts";
import type { PodTemplate } from "../../src/adapters/kubernetes/client/objects.ts";
import { revisionOfTemplate } from "../../src/adapters/kubernetes/revision.ts";
import { DeploymentWorkload } from "../../src/adapters/kubernetes/workload.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { Revision } from "../../src/ports/workload.ts";
import { workloadContract, type WorkloadPlace } from "../../src/ports/workload.contract.ts";
import { demoDeployment } from "./demo.ts";
import { isThere, sharedCluster, test } from "./kube-test.ts";
import { installKinds, rolloutOf, type RolloutObject } from "./serin.ts";

const KINDS = {
  good: demoDeployment("v1"),
  other: demoDeployment("v2"),
  crashing: demoDeployment("v3", { env: { CRASH: "1" } }),
  never: demoDeployment("v4", { env: { NOT_READY: "1" } }),
};

type Kind = keyof typeof KINDS;

const revisionOf = (kind: Kind): Revision =>
  revisionOfTemplate((KINDS[kind] as { spec: { template: PodTemplate } }).spec.template);

async function place(): Promise<WorkloadPlace> {
  const cluster = sharedCluster();
  const ends: (() => Promise<void>)[] = [];
  const atEnd = { onTestFinished: (end: () => Promise<void>) => void ends.push(end) } as never;
  const namespace = await cluster.namespace(atEnd);
  await installKinds(cluster);
  await namespace.apply(demoDeployment("v0", { replicas: 1 }));
  const { metadata } = await namespace.rolledOut("app");
  const [rollout] = (await namespace.apply(rolloutOf({ rolling: {} }))) as readonly RolloutObject[];
  const by = {
    namespace: namespace.name,
    name: "app",
    uid: rollout?.metadata.uid ?? "",
    adoptee: "app",
    adopteeUid: metadata.uid,
  };
  const begin = async (): Promise<{ known: Cluster; workload: DeploymentWorkload }> => {
    const options = {
      clock: systemClock(),
      kubeconfig: cluster.kubeconfig,
      only: namespace.name,
      userAgent: "serin/w",
    };
    const known = new Cluster(options);
    await known.start();
    return { known, workload: new DeploymentWorkload({ adopted: new Adopted(known, by), port: () => undefined }) };
  };
  let now = await begin();
  return {
    get workload() {
      return now.workload;
    },
    revision: revisionOf,
    restart: async () => {
      await now.known.stop();
      now = await begin();
    },
    pass: async (durationMs) => sleep(durationMs),
    drainMs: 3_000,
    dispose: async () => {
      await now.known.stop();
      for (const end of ends) await end();
    },
  };
}

if (isThere) {
  workloadContract("ReplicaSets", place, {
    sizes: "pods are made a moment later, by a controller of the cluster; below",
    lives: "controllers of the cluster start and end pods, in their own way",
    memory: "what is not wanted any more goes a second later, with a further look; crashes.test.ts has lives that end",
  });
}

test("pools of several sizes and revisions run side by side", async () => {
  const made = await place();
  try {
    const call = { signal: AbortSignal.timeout(120_000) };
    const wanted = [
      { pool: "1-canary", size: 2, revision: made.revision("good") },
      { pool: "2-canary", size: 1, revision: made.revision("other") },
    ];
    await made.workload.apply(wanted, [], call);
    const ready = async (): Promise<readonly string[]> => {
      const seen = await made.workload.observe(call);
      const pools = seen.kind === "value" ? seen.value : [];
      return pools
        .map(({ pool, replicas }) => `${pool} ${replicas.filter(({ state }) => state === "ready").length}`)
        .toSorted();
    };
    await expect.poll(ready, { timeout: 60_000 }).toEqual(["1-canary 2", "2-canary 1"]);
    await made.workload.apply(wanted.slice(0, 1), [], call);
    const goes = async (): Promise<readonly string[]> => {
      await made.workload.apply(wanted.slice(0, 1), [], call);
      return ready();
    };
    await expect.poll(goes, { timeout: 60_000 }).toEqual(["1-canary 2"]);
  } finally {
    await made.dispose();
  }
});
