// How do two canaries go their way by a route, one after the other, from the controller to the answers that clients get?
import { expect, type TestContext } from "vitest";
import { until } from "../e2e/harness.ts";
import { demoDeployment, demoService, JUDGED, load } from "./demo.ts";
import { sharedCluster } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import { command, controllerOf, ended, rolloutNow, rolloutOf, type RolloutObject } from "./serin.ts";
import { ask, HOST, untilAll } from "./through.ts";

const BETA = { headers: { "x-beta": "1" } };
const CANARY = {
  canary: {
    steps: [
      { match: [{ header: { "x-beta": "1" } }], gate: "look" },
      { weight: "20%", judge: { atMost: "2m" } },
    ],
  },
};

interface Adopting {
  readonly shop: Namespace;
  /** The route, before anything is Serin's in it. */
  readonly own?: string | undefined;
  readonly rollout: object;
}

/** Has version v1 adopted, by a controller that ends with the test. */
export async function adopted(context: TestContext, { shop, own, rollout }: Adopting): Promise<void> {
  await shop.apply([demoService(), demoDeployment("v1", { replicas: 2 })]);
  if (own !== undefined) await shop.apply(own);
  await shop.rolledOut("app");
  await controllerOf(context, { cluster: sharedCluster(), namespace: shop });
  await shop.apply(rollout);
  await ended(shop, 1, "promoted");
}

/** Waits until a rollout stands at its gate. */
export function atGate(shop: Namespace, number: number): Promise<RolloutObject> {
  return rolloutNow(shop, ({ status }) => status?.rollout === number && status.phase === "Waiting");
}

/** Lets a rollout pass its gate. */
export async function pass(shop: Namespace, id: string): Promise<void> {
  await command(shop, { id, kind: "promote", actor: "tests", reason: "looks well" });
}

/** Takes the Rollout away, and waits until nothing of it is left beside the Service. */
export async function leave(shop: Namespace): Promise<void> {
  await shop.delete("serin.dev/v1/Rollout/app");
  await shop.untilAll("Service", (services) => services.length === 1);
}

interface Twice extends Omit<Adopting, "rollout"> {
  readonly address: string;
  /** Below `traffic`. */
  readonly traffic: object;
}

/** A canary that is promoted, a worse one that is taken back, and the Rollout's end; no step of it costs a request. */
export async function twice(context: TestContext, { shop, own, address, traffic }: Twice): Promise<void> {
  await adopted(context, { shop, own, rollout: rolloutOf(CANARY, { traffic, spec: JUDGED }) });
  await untilAll(address, "v1");
  const seen = load(context, address, { count: 8, headers: { host: HOST } });
  await shop.apply(demoDeployment("v2", { replicas: 2 }));
  await atGate(shop, 2);
  await until("the rule holds", async () => (await ask(address, BETA)) === "v2");
  expect(await ask(address)).toBe("v1");
  await pass(shop, "1");
  await ended(shop, 2, "promoted");
  await untilAll(address, "v2");
  await shop.apply(demoDeployment("v3", { replicas: 2, env: { FAIL: "0.5" } }));
  await atGate(shop, 3);
  await until("the rule holds", async () => (await ask(address, BETA)) === "v3");
  expect(await ask(address)).toBe("v2");
  await pass(shop, "2");
  expect((await ended(shop, 3, "rolled-back")).status?.why).toMatch(/errors/u);
  await untilAll(address, "v2");
  await leave(shop);
  await untilAll(address, "v2");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect([...seen.answers.keys()].toSorted()).toEqual(["v1", "v2", "v3"]);
}
