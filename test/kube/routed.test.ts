// Do rollouts go their way by routes, one after the other, from the controller to the answers that clients get?
import { expect, type TestContext } from "vitest";
import { openContour, whyNoContour } from "./contour.ts";
import { define } from "./definitions.ts";
import { demoDeployment, demoService, load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { KubeObject } from "./objects.ts";
import { command, controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";
import { ask, HOST, untilAll } from "./through.ts";

const contoured = whyNoContour() === undefined ? test : test.skip;

const BETA = { headers: { "x-beta": "1" } };
const CANARY = {
  canary: {
    steps: [
      { match: [{ header: { "x-beta": "1" } }], gate: "look" },
      { weight: "20%", judge: { atMost: "2m" } },
    ],
  },
};
const JUDGED = {
  analysis: {
    warmup: "0s",
    metrics: [
      {
        kind: "share",
        name: "errors",
        bad: 'http_requests_total{status=~"5.."}',
        total: "http_requests_total",
        margin: "5%",
      },
    ],
  },
  workload: { deployment: { name: "app", metrics: { every: "500ms" } } },
};

const ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: front }
spec:
  parentRefs: [{ name: public }]
  hostnames: [${HOST}]
  rules: [{ backendRefs: [{ name: app, port: 80 }], timeouts: { request: 5s } }]
`;
const SERVICE = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front }
spec:
  hosts: [${HOST}]
  http: [{ timeout: 5s, route: [{ destination: { host: app } }] }]
`;

interface Adopting {
  readonly shop: Namespace;
  /** The route, before anything is Serin's in it. */
  readonly own: string;
  readonly rollout: object;
}

async function adopted(context: TestContext, { shop, own, rollout }: Adopting): Promise<void> {
  await shop.apply([demoService(), demoDeployment("v1", { replicas: 2 })]);
  if (own !== "") await shop.apply(own);
  await shop.rolledOut("app");
  await controllerOf(context, { cluster: sharedCluster(), namespace: shop });
  await shop.apply(rollout);
  await ended(shop, 1, "promoted");
}

const specOf = async (shop: Namespace, route: string): Promise<string> =>
  JSON.stringify((await shop.get<KubeObject & { spec: object }>(route)).spec);

interface VirtualService extends KubeObject {
  readonly spec: { readonly http: readonly { readonly route: readonly Destination[] }[] };
}
interface Destination {
  readonly destination: { readonly host: string };
  readonly weight?: number;
}

/** Where the VirtualService leads, with the weights. */
async function destinationsOf(shop: Namespace): Promise<Readonly<Record<string, number | undefined>>> {
  const { spec } = await shop.get<VirtualService>("networking.istio.io/v1/VirtualService/front");
  return Object.fromEntries(spec.http[0]?.route.map(({ destination, weight }) => [destination.host, weight]) ?? []);
}

/** Waits until a rollout stands at its gate. */
const atGate = (shop: Namespace, number: number) =>
  rolloutNow(shop, ({ status }) => status?.rollout === number && status.phase === "Waiting");

/** Lets a rollout pass its gate. */
const pass = (shop: Namespace, id: string) =>
  command(shop, { id, kind: "promote", actor: "tests", reason: "looks well" });

const CASES: readonly (readonly [string, object, string])[] = [
  ["that Serin makes", { service: { name: "app" }, parents: [{ name: "public" }], hostnames: [HOST] }, ""],
  ["of one's own", { service: { name: "app" }, route: { name: "front" } }, ROUTE],
];

contoured.concurrent.for(CASES)("an HTTPRoute %s, through Contour", async ([, gateway, own], context) => {
  const cluster = sharedCluster();
  await define(cluster, "gateway");
  const shop = await cluster.namespace(context);
  const address = await openContour(context, cluster, shop);
  await adopted(context, { shop, own, rollout: rolloutOf(CANARY, { traffic: { gateway }, spec: JUDGED }) });
  await untilAll(address, "v1");
  const seen = load(context, address, { count: 8, headers: { host: HOST } });
  await shop.apply(demoDeployment("v2", { replicas: 2 }));
  await atGate(shop, 2);
  expect([await ask(address), await ask(address, BETA)]).toEqual(["v1", "v2"]);
  await pass(shop, "1");
  await ended(shop, 2, "promoted");
  await untilAll(address, "v2");
  await shop.apply(demoDeployment("v3", { replicas: 2, env: { FAIL: "0.5" } }));
  await atGate(shop, 3);
  expect([await ask(address), await ask(address, BETA)]).toEqual(["v2", "v3"]);
  await pass(shop, "2");
  expect((await ended(shop, 3, "rolled-back")).status?.why).toMatch(/errors/u);
  await untilAll(address, "v2");
  await shop.delete("serin.dev/v1/Rollout/app");
  await shop.untilAll("Service", (services) => services.length === 1);
  await untilAll(address, "v2");
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect([...seen.answers.keys()].toSorted()).toEqual(["v1", "v2", "v3"]);
  const route = `gateway.networking.k8s.io/v1/HTTPRoute/${own === "" ? "app" : "front"}`;
  expect(await specOf(shop, route)).not.toMatch(/serin-1|stable|canary/u);
});

test.concurrent("a VirtualService of one's own, by Services", async (context) => {
  const cluster = sharedCluster();
  await define(cluster, "istio");
  const shop = await cluster.namespace(context);
  const [steps, route] = [[{ weight: "20%", gate: "look" }], "networking.istio.io/v1/VirtualService/front"];
  const traffic = { istio: { service: { name: "app" }, virtualService: { name: "front" }, by: "services" } };
  await adopted(context, { shop, own: SERVICE, rollout: rolloutOf({ canary: { steps } }, { traffic }) });
  const seen = load(context, await shop.address("app"));
  await shop.apply(demoDeployment("v2", { replicas: 2 }));
  await atGate(shop, 2);
  expect(await destinationsOf(shop)).toEqual({ "app-stable": 80, "app-canary": 20 });
  await pass(shop, "1");
  await ended(shop, 2, "promoted");
  await shop.apply(demoDeployment("v3", { replicas: 2 }));
  await atGate(shop, 3);
  await command(shop, { id: "2", kind: "abort", actor: "tests", reason: "not this one" });
  await ended(shop, 3, "stopped");
  expect(await destinationsOf(shop)).toEqual({ "app-stable": 100 });
  await shop.delete("serin.dev/v1/Rollout/app");
  await shop.untilAll("Service", (services) => services.length === 1);
  await seen.stop();
  // Who calls the Service past Istio is kept from all that is not stable.
  expect([seen.lost, [...seen.answers.keys()].toSorted()]).toEqual([[], ["v1", "v2"]]);
  expect(await specOf(shop, route)).not.toMatch(/stable|canary/u);
});
