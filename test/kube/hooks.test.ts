// Are hooks run as Jobs of the cluster?
import { expect } from "vitest";
import { demoDeployment, demoService } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import { controllerOf, ended, rolloutOf } from "./serin.ts";
import type { KubeObject } from "./objects.ts";

test("a Job that succeeds lets the rollout go on, one that fails takes it back and says why", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 1 })]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  const script = "if (process.env.SERIN_CANDIDATE && process.env.FAILS === '1') { process.exit(3) }";
  const hooks = (fails: string): object => ({
    hooks: [
      {
        name: "smoke",
        at: "before",
        timeout: "60s",
        job: { image: "node", args: ["-e", script], env: { FAILS: fails } },
      },
    ],
  });
  const canary = { canary: { steps: [{ weight: "50%", hold: "1s" }] } };
  await namespace.apply(rolloutOf(canary, { spec: hooks("0") }));
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2", { replicas: 1 }));
  await ended(namespace, 2, "promoted");
  const jobs = await namespace.list<KubeObject>("batch/v1/Job");
  expect(jobs.map(({ metadata }) => metadata.labels?.["serin.dev/rollout"])).toEqual(["app"]);
  await namespace.apply(rolloutOf(canary, { spec: hooks("1") }));
  await namespace.apply(demoDeployment("v3", { replicas: 1 }));
  const { status } = await ended(namespace, 3, "rolled-back");
  expect(status?.why).toMatch(/smoke.*failed/u);
});

test("a Job is made of a CronJob's template", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  const container = { name: "test", image: "node", args: ["-e", "process.exit(process.env.OWN === 'yes' ? 0 : 1)"] };
  const pod = { restartPolicy: "Never", containers: [{ ...container, env: [{ name: "OWN", value: "yes" }] }] };
  await namespace.apply([
    demoService(),
    demoDeployment("v1", { replicas: 1 }),
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "smoke" },
      spec: { schedule: "0 0 1 1 *", suspend: true, jobTemplate: { spec: { template: { spec: pod } } } },
    },
  ]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  const hooks = [{ name: "smoke", at: "before", timeout: "60s", job: { cronJob: "smoke" } }];
  await namespace.apply(rolloutOf({ canary: { steps: [{ weight: "50%", hold: "1s" }] } }, { spec: { hooks } }));
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2", { replicas: 1 }));
  await ended(namespace, 2, "promoted");
});
