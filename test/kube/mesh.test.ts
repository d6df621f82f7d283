// Are weights written into Istio's routes as a rollout goes, for each role?
import { expect, type TestContext } from "vitest";
import { demoDeployment, demoService } from "./demo.ts";
import { define } from "./definitions.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { KubeObject, ReplicaSet } from "./objects.ts";
import { command, controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";

const ISTIO = { istio: { service: { name: "app", port: "http" } } };

async function adopted(context: TestContext, strategy: object, spec: object = {}): Promise<Namespace> {
  const cluster = sharedCluster();
  await define(cluster, "istio");
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 2 })]);
  await namespace.rolledOut("app");
  await controllerOf(context, { cluster, namespace });
  await namespace.apply(rolloutOf(strategy, { traffic: ISTIO, spec }));
  await ended(namespace, 1, "promoted");
  return namespace;
}

interface VirtualService extends KubeObject {
  readonly spec: {
    readonly http: readonly {
      readonly match?: readonly object[];
      readonly route: readonly { readonly destination: { readonly subset?: string }; readonly weight?: number }[];
    }[];
  };
}

/** The weights of the last route: of those whom no rule names. */
const weightsOf = ({ spec }: VirtualService): Readonly<Record<string, number>> =>
  Object.fromEntries(
    spec.http.at(-1)?.route.map(({ destination, weight }) => [destination.subset ?? "", weight ?? 100]) ?? [],
  );

/** Waits until ReplicaSets of these sizes are left: the last writes follow the end of a rollout. */
const sized = (namespace: Namespace, sizes: string): Promise<unknown> =>
  namespace.untilAll<ReplicaSet>("ReplicaSet", (sets) => {
    const found = sets.map(({ spec: { replicas = 1 } }) => replicas);
    return found.toSorted((a, b) => a - b).join() === sizes;
  });

const VIRTUAL_SERVICE = "networking.istio.io/v1/VirtualService/app";

test("a canary with a baseline of its own, by subsets of a DestinationRule", async (context) => {
  const steps = [{ weight: "10%", gate: "look" }];
  const namespace = await adopted(context, { canary: { baseline: "same-size", steps } });
  await namespace.apply(demoDeployment("v2", { replicas: 2 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting");
  expect(weightsOf(await namespace.get<VirtualService>(VIRTUAL_SERVICE))).toEqual({
    stable: 80,
    canary: 10,
    baseline: 10,
  });
  await command(namespace, { id: "1", kind: "promote", actor: "tests", reason: "" });
  await ended(namespace, 2, "promoted");
  const { stable } = weightsOf(await namespace.get<VirtualService>(VIRTUAL_SERVICE));
  expect(stable).toBe(100);
  await sized(namespace, "0,2");
});

test("an experiment of two candidates ends with stable alone", async (context) => {
  const candidates = [{ name: "large-cache", env: { CACHE: "large" } }];
  const metrics = [{ kind: "gauge", name: "oldest", series: "oldest_request_seconds" }];
  const told = {
    analysis: { warmup: "0s", metrics },
    workload: { deployment: { name: "app", metrics: { every: "500ms" } } },
  };
  const namespace = await adopted(context, { experiment: { share: "10%", for: "6s", candidates } }, told);
  await namespace.apply(demoDeployment("v2", { replicas: 2 }));
  await rolloutNow(namespace, async () => {
    const found = await namespace.find<VirtualService>(VIRTUAL_SERVICE);
    return found !== undefined && Object.keys(weightsOf(found)).length === 4;
  });
  await ended(namespace, 2, "concluded");
  await sized(namespace, "2");
});
