// How does a test come to a Deployment that a controller in its own process looks after?
import type { TestContext } from "vitest";
import type { Namespace } from "./cluster.ts";
import { demoDeployment, demoService, load } from "./demo.ts";
import { live, said, type Life } from "./in-process.ts";
import { sharedCluster } from "./kube-test.ts";
import { ended, rolloutNow, rolloutOf, type RolloutObject } from "./serin.ts";

/** Waits for a person at half of the requests. */
export const HALF = { canary: { steps: [{ weight: "50%", gate: "look" }] } };

interface Begun {
  readonly namespace: Namespace;
  readonly life: Life;
  /** Clients of its Service from now on. */
  readonly clients: () => Promise<ReturnType<typeof load>>;
}

/** Version v1 of the demo, adopted. */
export async function adopted(
  context: TestContext,
  { strategy = HALF, spec = {}, replicas = 3 }: { strategy?: object; spec?: object; replicas?: number } = {},
): Promise<Begun> {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  context.onTestFailed(() => {
    const own = said.filter((text) => text.includes(namespace.name));
    console.error(own.slice(-20).join("\n"));
  });
  await namespace.apply([demoService(), demoDeployment("v1", { replicas })]);
  await namespace.rolledOut("app");
  const life = await live(context, { cluster, namespace });
  await namespace.apply(rolloutOf(strategy, { spec }));
  await ended(namespace, 1, "promoted");
  const clients = async () => load(context, await namespace.address("app"), { count: 2, pauseMs: 20 });
  return { namespace, life, clients };
}

/** Waits until the candidate has half of the requests and a person is waited for. */
export function atHalf(namespace: Namespace): Promise<RolloutObject> {
  return rolloutNow(namespace, ({ status }) => status?.phase === "Waiting" && status.weight?.measured === "50%");
}
