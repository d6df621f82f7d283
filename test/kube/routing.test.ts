// Does a real API server take what routers write, and do they read it back?
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, type TestContext } from "vitest";
import { apiVersionOf, RESOURCES } from "../../src/adapters/kubernetes/client/objects.ts";
import { canonical } from "../../src/core/match.ts";
import { all, type Split, type Weights } from "../../src/core/split.ts";
import { weightOf, WHOLE } from "../../src/core/units.ts";
import { play } from "../golden/routing/play.ts";
import { define } from "./definitions.ts";
import { demoService } from "./demo.ts";
import type { Cluster, Namespace } from "./cluster.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { KubeObject } from "./objects.ts";
import { acceptRoutes, RoutingPlace, USER_AGENT } from "./routing-cluster.ts";

const call = () => ({ signal: AbortSignal.timeout(20_000) });

const API = Object.fromEntries(Object.values(RESOURCES).map((resource) => [resource.kind, apiVersionOf(resource)]));

let defined: Promise<Cluster> | undefined;

/** The cluster, once it knows all kinds. */
function knowing(): Promise<Cluster> {
  return (defined ??= (async () => {
    const cluster = sharedCluster();
    await define(cluster, "istio");
    await define(cluster, "gateway");
    return cluster;
  })());
}

describe("golden files", () => {
  const folder = new URL("../golden/routing/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  const specOf = (object: KubeObject | undefined): string =>
    canonical((object as { spec?: unknown } | undefined)?.spec);
  test.each(names)("%s is taken under strict validation, and read back as it was written", async (name) => {
    const cluster = await knowing();
    const shop = await cluster.namespace({ onTestFinished: () => undefined });
    const [asked = ""] = readFileSync(new URL(name, folder), "utf8").split("\n----------\n");
    const { scenes, own } = await play(asked);
    const written = [own, ...scenes.map(({ objects }) => objects)].flat().filter(({ kind = "" }) => kind in API);
    for (const { kind = "", metadata, ...rest } of written) {
      const { name: called, labels = {}, annotations = {} } = metadata;
      const object = Object.assign({ kind }, rest, {
        apiVersion: API[kind] ?? "",
        metadata: { name: called, labels, annotations },
      });
      const [taken] = await shop.apply(object);
      // Of a Service the API server says much that nobody has asked for.
      const isWhole = kind === "Service" || specOf(taken) === specOf(object);
      expect(isWhole, `${kind} ${called} is read back as ${specOf(taken)}`).toBe(true);
    }
    await cluster.objects.delete(`Namespace/${shop.name}`);
  });
});

const OWN_SERVICE = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front, labels: { team: web } }
spec:
  hosts: [app.example.com]
  http:
    - name: shop
      timeout: 5s
      retries: { attempts: 2 }
      match: [{ uri: { prefix: / } }]
      route: [{ destination: { host: app } }]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: shop }
spec:
  host: app
  trafficPolicy: { loadBalancer: { simple: LEAST_REQUEST } }
`;
const OWN_ROUTE = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: front, labels: { team: web } }
spec:
  parentRefs: [{ name: public }]
  rules:
    - timeouts: { request: 5s }
      backendRefs: [{ name: app, port: 80 }]
`;
const OWN_GRPC = OWN_ROUTE.replace("HTTPRoute", "GRPCRoute").replace("timeouts: { request: 5s }", "name: shop");

interface Case {
  readonly traffic: string;
  readonly own: string;
  readonly kinds: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  "Istio by subsets": { traffic: "{ istio: { service: { name: app } } }", own: "", kinds: [] },
  "Istio by Services": { traffic: "{ istio: { service: { name: app }, by: services } }", own: "", kinds: [] },
  "a VirtualService and a DestinationRule of one's own": {
    traffic: "{ istio: { service: { name: app }, virtualService: { name: front, routes: [shop] } } }",
    own: OWN_SERVICE,
    kinds: ["VirtualService/front", "DestinationRule/shop"],
  },
  "the Gateway API": {
    traffic: "{ gateway: { service: { name: app }, parents: [{ name: public }] } }",
    own: "",
    kinds: [],
  },
  "an HTTPRoute of one's own": {
    traffic: "{ gateway: { service: { name: app }, route: { name: front } } }",
    own: OWN_ROUTE,
    kinds: ["HTTPRoute/front"],
  },
  "a GRPCRoute of one's own": {
    traffic: "{ gateway: { service: { name: app }, route: { name: front, kind: GRPCRoute } } }",
    own: OWN_GRPC,
    kinds: ["GRPCRoute/front"],
  },
};

const share = (canary: number): Weights => ({ canary: weightOf(canary), stable: weightOf(1 - canary) });

async function open(context: TestContext, { traffic, own }: Case): Promise<{ shop: Namespace; place: RoutingPlace }> {
  const cluster = await knowing();
  const shop = await cluster.namespace(context);
  await shop.apply(demoService());
  if (own !== "") await shop.apply(own);
  context.onTestFinished(acceptRoutes(shop));
  const place = await RoutingPlace.open(cluster, shop, { traffic });
  context.onTestFinished(() => place.close());
  return { shop, place };
}

async function contents(shop: Namespace, kinds: readonly string[]): Promise<string> {
  const found = await Promise.all(
    kinds.map(async (reference) => {
      const [kind = ""] = reference.split("/");
      const { metadata, ...rest } = await shop.get<KubeObject & { spec?: unknown }>(`${API[kind]}/${reference}`);
      return { spec: rest.spec, labels: metadata.labels, annotations: metadata.annotations ?? {} };
    }),
  );
  return canonical(found);
}

describe.each(Object.entries(CASES))("%s", (_name, given) => {
  test("a rollout from the first share to the last, and everything as it was when Serin goes", async (context) => {
    const { shop, place } = await open(context, given);
    const { router } = place;
    const before = await contents(shop, given.kinds);
    expect(await router.observe(call())).toEqual({ kind: "absent" });
    expect(await place.follow({ weights: all("stable") })).toEqual({ weights: all("stable") });
    await place.run([
      { pool: "v1", role: "stable", size: 2 },
      { pool: "v2", role: "canary", size: 1 },
    ]);
    for (const canary of [0, 0.05, 0.333333, 1]) {
      const weights = share(canary);
      expect((await place.follow({ weights })).weights).toEqual(cleaned(weights));
    }
    // A second look at the same, by whoever has just begun, and nothing to write.
    expect(await place.again().observe(call())).toEqual(await router.observe(call()));
    expect((await sharedCluster().requestsOf(USER_AGENT)).writes).toBeGreaterThan(5);
    const since = Date.now();
    await router.apply(place.route({ weights: all("canary") }), call());
    expect((await sharedCluster().requestsOf(USER_AGENT, since)).writes).toBe(0);
    await place.run([{ pool: "v2", role: "stable", size: 2 }]);
    expect(await place.follow({ weights: all("stable") })).toEqual({ weights: all("stable") });
    const observed = await router.observe(call());
    expect(observed.kind === "value" && observed.value.busy.toSorted()).toEqual(place.adopted.readyOf("v2").toSorted());
    await router.remove(call());
    await router.remove(call());
    expect(await router.observe(call())).toEqual({ kind: "absent" });
    expect(await contents(shop, given.kinds)).toBe(before);
    const { spec } = await shop.get<KubeObject & { spec: { selector: object } }>("Service/app");
    expect(spec.selector).toEqual({ app: "app" });
  });

  test("rules and copies are told as they were given, and a route that cannot be followed changes nothing", async (context) => {
    const { place } = await open(context, given);
    const { router } = place;
    await place.run([
      { pool: "v1", role: "stable", size: 2 },
      { pool: "v2", role: "canary", size: 1 },
    ]);
    const ruled: Split = {
      weights: share(0.1),
      matches: [{ when: [{ on: "header", name: "x-beta", is: { exact: "1" } }], to: "canary" }],
      ...(router.can.mirror === "copies" && {
        mirror: { to: ["canary"], share: weightOf(0.125), methods: "safe" },
      }),
    };
    expect(await place.follow(ruled)).toEqual(ruled);
    const { pools, ...route } = place.route({ weights: share(0.5) });
    const nobody = { ...route, pools: { ...(pools.stable && { stable: pools.stable }) } };
    await expect(router.apply(nobody, call())).rejects.toMatchObject({ name: "SerinError" });
    const observed = await router.observe(call());
    expect(observed.kind === "value" && observed.value.split).toEqual(ruled);
    expect(await place.follow({ weights: { stable: WHOLE } })).toEqual({ weights: { stable: WHOLE } });
  });
});

/** Without those that get nothing. */
function cleaned(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).filter(([, part]) => part > 0));
}
