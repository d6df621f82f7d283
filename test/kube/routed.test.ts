// Do rollouts go their way by routes, one after the other?
import { expect } from "vitest";
import { openContour, whyNoContour } from "./contour.ts";
import { define } from "./definitions.ts";
import { demoDeployment, load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { KubeObject } from "./objects.ts";
import { command, ended, rolloutOf } from "./serin.ts";
import { HOST } from "./through.ts";
import { adopted, atGate, leave, pass, twice } from "./twice.ts";

const contoured = whyNoContour() === undefined ? test : test.skip;

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

const CASES: readonly (readonly [string, object, string | undefined])[] = [
  ["that Serin makes", { parents: [{ name: "public" }], hostnames: [HOST] }, undefined],
  ["of one's own", { route: { name: "front" } }, ROUTE],
];

contoured.concurrent.for(CASES)("an HTTPRoute %s, through Contour", async ([, more, own], context) => {
  const cluster = sharedCluster();
  await define(cluster, "gateway");
  const shop = await cluster.namespace(context);
  const address = await openContour(context, cluster, shop);
  await twice(context, { shop, own, address, traffic: { gateway: { service: { name: "app" }, ...more } } });
  const name = own === undefined ? "app" : "front";
  const { spec } = await shop.get<KubeObject & { spec: object }>(`gateway.networking.k8s.io/v1/HTTPRoute/${name}`);
  expect(JSON.stringify(spec)).not.toMatch(/serin-1|stable|canary/u);
});

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

test.concurrent("a VirtualService of one's own, by Services", async (context) => {
  const cluster = sharedCluster();
  await define(cluster, "istio");
  const shop = await cluster.namespace(context);
  const steps = [{ weight: "20%", gate: "look" }];
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
  await leave(shop);
  expect(await destinationsOf(shop)).toEqual({ app: undefined });
  await seen.stop();
  // Who calls the Service past Istio is kept from all that is not stable.
  expect([seen.lost, [...seen.answers.keys()].toSorted()]).toEqual([[], ["v1", "v2"]]);
});
