// Does a rollout go its way with Istio's objects and with the Gateway API's?
import { describe, expect, type TestContext } from "vitest";
import { define } from "./definitions.ts";
import { demoDeployment, demoService, load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { KubeObject } from "./objects.ts";
import { acceptRoutes } from "./routing-cluster.ts";
import { controllerOf, ended, rolloutNow, rolloutOf } from "./serin.ts";

const CANARY = {
  canary: {
    steps: [
      { match: [{ header: { "x-beta": "1" } }], hold: "1s" },
      { weight: "5%", hold: "1s" },
    ],
  },
};

const ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: front }
spec:
  parentRefs: [{ name: public }]
  rules: [{ backendRefs: [{ name: app, port: 80 }], timeouts: { request: 5s } }]
`;
const SERVICE = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front }
spec:
  hosts: [app.example.com]
  http: [{ timeout: 5s, route: [{ destination: { host: app } }] }]
`;

async function adopted(context: TestContext, traffic: object, own: string): Promise<Namespace> {
  const cluster = sharedCluster();
  await define(cluster, "istio");
  await define(cluster, "gateway");
  const shop = await cluster.namespace(context);
  await shop.apply([demoService(), demoDeployment("v1", { replicas: 3 })]);
  if (own !== "") await shop.apply(own);
  await shop.rolledOut("app");
  await controllerOf(context, { cluster, namespace: shop });
  context.onTestFinished(acceptRoutes(shop));
  await shop.apply(rolloutOf(CANARY, { traffic }));
  await ended(shop, 1, "promoted");
  return shop;
}

describe.each<[string, object, string, string]>([
  [
    "an HTTPRoute that Serin makes",
    { gateway: { service: { name: "app" }, parents: [{ name: "public" }] } },
    "",
    "HTTPRoute/app",
  ],
  [
    "an HTTPRoute of one's own",
    { gateway: { service: { name: "app" }, route: { name: "front" } } },
    ROUTE,
    "HTTPRoute/front",
  ],
  ["a VirtualService that Serin makes", { istio: { service: { name: "app" } } }, "", "VirtualService/app"],
  [
    "a VirtualService of one's own",
    { istio: { service: { name: "app" }, virtualService: { name: "front" }, by: "services" } },
    SERVICE,
    "VirtualService/front",
  ],
])("%s", (...given) => {
  const [, traffic, own, route] = given;
  const reference = `${route.startsWith("HTTP") ? "gateway.networking.k8s.io/v1" : "networking.istio.io/v1"}/${route}`;
  test("a canary gets its share in it and is promoted, and callers of the Service lose nothing", async (context) => {
    const shop = await adopted(context, traffic, own);
    const seen = load(context, await shop.address("app"));
    await shop.apply(demoDeployment("v2", { replicas: 3 }));
    await rolloutNow(shop, ({ status }) => status?.weight?.measured === "5%");
    expect(JSON.stringify(await shop.get(reference))).toContain("serin-1");
    await ended(shop, 2, "promoted");
    await seen.stop();
    expect(seen.lost).toEqual([]);
    const text = JSON.stringify((await shop.get<KubeObject & { spec: object }>(reference)).spec);
    expect(text).toContain("stable");
    expect(text).not.toContain("canary");
    await shop.delete("serin.dev/v1/Rollout/app");
    await shop.untilAll("Service", (services) => services.length === 1);
    const service = await shop.get<KubeObject & { spec: { selector: object } }>("Service/app");
    expect(service.spec.selector).toEqual({ app: "app" });
  });
});
