// Has the controller the rights that it needs, by what the installation grants?
import { expect } from "vitest";
import { define } from "./definitions.ts";
import { demoDeployment, demoService } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import { command, controllerOf, ended, installedAccount, rolloutNow, rolloutOf } from "./serin.ts";

const podMetadata = { canary: { labels: { track: "canary" } } };

test("a canary with a Job, followed configuration, labels by role and a shrunk Deployment, by a Service", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  const envFrom = [{ configMapRef: { name: "settings" } }];
  const settings = (value: string): object => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings" },
    data: { COLOUR: value },
  });
  await namespace.apply([settings("blue"), demoService(), demoDeployment("v1", { container: { envFrom } })]);
  await namespace.rolledOut("app");
  const kubeconfig = await installedAccount(cluster);
  await controllerOf(context, { cluster, namespace, kubeconfig, leaseNamespace: "serin-system" });
  const spec = {
    workload: { deployment: { name: "app", podMetadata } },
    hooks: [{ name: "smoke", at: "before", job: { image: "node", args: ["-e", ""] } }],
  };
  const traffic = { service: { name: "app", surge: 1 } };
  const steps = [{ weight: "50%", hold: "1s" }];
  await namespace.apply(rolloutOf({ canary: { steps } }, { traffic, spec }));
  await ended(namespace, 1, "promoted");
  await namespace.apply(settings("green"));
  await ended(namespace, 2, "promoted");
  const events = await namespace.list<{ metadata: { name: string }; reason?: string }>("Event");
  expect(events.map(({ reason }) => reason)).toContain("Ended");
  await command(namespace, { id: "1", kind: "undo", actor: "tests", reason: "" });
  await ended(namespace, 3, "promoted");
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  expect((await namespace.rolledOut("app")).spec.paused).toBeUndefined();
});

test("a canary by Istio's routes, which go with the Rollout", async (context) => {
  const cluster = sharedCluster();
  await define(cluster, "istio");
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 1 })]);
  await namespace.rolledOut("app");
  const kubeconfig = await installedAccount(cluster);
  await controllerOf(context, { cluster, namespace, kubeconfig, leaseNamespace: "serin-system" });
  const steps = [{ weight: "50%", gate: "look" }];
  await namespace.apply(
    rolloutOf({ canary: { steps } }, { traffic: { istio: { service: { name: "app" }, by: "services" } } }),
  );
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2", { replicas: 1 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting");
  await namespace.kubectl("delete", "rollout.serin.dev/app", "--timeout=120s");
  expect(await namespace.find("networking.istio.io/v1/VirtualService/app")).toBeUndefined();
});
