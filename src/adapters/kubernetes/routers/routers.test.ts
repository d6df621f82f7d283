// What do routers do when the cluster is not as they would have it?
import { describe, expect, test } from "vitest";
import { accepted } from "../../../../test/golden/routing/play.ts";
import { MemoryCluster } from "../../../../test/support/kube-memory.ts";
import { parseRollout } from "../../../core/spec/parse.ts";
import type { TrafficSpec } from "../../../core/spec/traffic.ts";
import { all, type Role, type Route, type Split } from "../../../core/split.ts";
import { weightOf } from "../../../core/units.ts";
import type { KubeObject } from "../client/objects.ts";
import { clusterRouterOf } from "./index.ts";

const call = { signal: AbortSignal.timeout(60_000) };

const SERVICE = {
  kind: "Service",
  metadata: { name: "shop" },
  spec: { selector: { app: "shop" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
};
const FRONT = {
  kind: "VirtualService",
  metadata: { name: "front" },
  spec: { hosts: ["shop"], http: [{ name: "shop", timeout: "5s", route: [{ destination: { host: "shop" } }] }] },
};
const ROUTE = {
  kind: "HTTPRoute",
  metadata: { name: "front" },
  spec: {
    parentRefs: [{ name: "public" }],
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        backendRefs: [{ group: "", kind: "Service", name: "shop", port: 80, weight: 1 }],
      },
    ],
  },
};

const SUBSETS = "{ istio: { service: { name: shop } } }";
const OWN = "{ istio: { service: { name: shop }, virtualService: { name: front } } }";
const GATEWAY = "{ gateway: { service: { name: shop }, parents: [{ name: public }] } }";
const OWN_ROUTE = "{ gateway: { service: { name: shop }, route: { name: front } } }";

function trafficOf(traffic: string): TrafficSpec {
  const parsed = parseRollout(`apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop, namespace: prod }
spec:
  workload: { deployment: { name: shop } }
  traffic: ${traffic}
  strategy: { blueGreen: {} }
  analysis: { enabled: false }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.rollout.spec.traffic;
}

const POOLS: Readonly<Partial<Record<Role, string>>> = { stable: "v1", canary: "v2" };
const tenth: Split = { weights: { canary: weightOf(0.1), stable: weightOf(0.9) } };

function place(traffic: string, objects: readonly KubeObject[], missing: readonly string[] = []) {
  const cluster = new MemoryCluster({ missing });
  for (const object of objects) cluster.put(object);
  cluster.pools.set("v1", { hash: "aaaa", size: 2 });
  cluster.pools.set("v2", { hash: "bbbb", size: 1 });
  cluster.roles = POOLS;
  cluster.wrote = (object) => accepted(cluster, object);
  const router = clusterRouterOf(cluster.options, trafficOf(traffic));
  const route = (split: Split, pools = POOLS): Route => cluster.route(split, pools);
  return { cluster, router, route };
}

const specIn = (cluster: MemoryCluster, kind: string, name: string): unknown =>
  (cluster.get(kind, name) as { spec?: unknown } | undefined)?.spec;

describe("what waiting does not help against is said with a remedy, and nothing is written", () => {
  test.each<[string, string, readonly KubeObject[], readonly string[], string]>([
    ["no Istio", SUBSETS, [SERVICE], ["VirtualService"], "SERIN_KUBE_NO_KIND"],
    ["no Gateway API", GATEWAY, [SERVICE], ["HTTPRoute"], "SERIN_KUBE_NO_KIND"],
    ["no Service", GATEWAY, [], [], "SERIN_KUBE_NO_SERVICE"],
    ["no VirtualService of that name", OWN, [SERVICE], [], "SERIN_ISTIO_NO_SERVICE"],
    [
      "no route of it that leads to the Service",
      OWN,
      [SERVICE, { ...FRONT, spec: { http: [{ route: [{ destination: { host: "shop.other" } }] }] } } as KubeObject],
      [],
      "SERIN_ISTIO_NO_ROUTE",
    ],
    ["another VirtualService for the same host", SUBSETS, [SERVICE, FRONT], [], "SERIN_ISTIO_SEVERAL_SERVICES"],
    [
      "two DestinationRules for one host",
      SUBSETS,
      [
        SERVICE,
        { kind: "DestinationRule", metadata: { name: "a" }, spec: { host: "shop" } } as KubeObject,
        {
          kind: "DestinationRule",
          metadata: { name: "b" },
          spec: { host: "shop.prod.svc.cluster.local" },
        } as KubeObject,
      ],
      [],
      "SERIN_ISTIO_SEVERAL_RULES",
    ],
    [
      "a Service that has a role's name",
      GATEWAY,
      [SERVICE, { ...SERVICE, metadata: { name: "shop-stable" } }],
      [],
      "SERIN_KUBE_TAKEN",
    ],
    ["no route of that name", OWN_ROUTE, [SERVICE], [], "SERIN_GATEWAY_NO_ROUTE"],
    [
      "several ports, and none is named",
      GATEWAY,
      [
        {
          ...SERVICE,
          spec: {
            ports: [
              { name: "http", port: 80 },
              { name: "admin", port: 81 },
            ],
          },
        } as KubeObject,
      ],
      [],
      "SERIN_KUBE_NO_PORT",
    ],
  ])("%s", async (_what, ...given) => {
    const [traffic, objects, missing, code] = given;
    const { cluster, router, route } = place(traffic, objects, missing);
    const refused = router.apply(route({ weights: all("stable") }, { stable: "v1" }), call);
    await expect(refused).rejects.toMatchObject({ trouble: { code, hopeless: true } });
    expect(cluster.writes).toEqual([]);
  });
});

describe("Istio", () => {
  test("stable is named in every route before pods of another version are made, if subsets tell them apart", async () => {
    const { cluster, router } = place(OWN, [SERVICE, FRONT]);
    await router.isolate(call);
    expect(specIn(cluster, "VirtualService", "front")).toEqual({
      hosts: ["shop"],
      http: [
        { name: "shop", timeout: "5s", route: [{ destination: { host: "shop", subset: "stable" }, weight: 100 }] },
      ],
    });
    expect(specIn(cluster, "Service", "shop")).toEqual(SERVICE.spec);
    cluster.writes.length = 0;
    await router.isolate(call);
    expect(cluster.writes).toEqual([]);
  });
  test("a split that stands is left alone when pods of one version more are made", async () => {
    const { cluster, router, route } = place(OWN, [SERVICE, FRONT]);
    await router.apply(route(tenth), call);
    cluster.writes.length = 0;
    await router.isolate(call);
    expect(cluster.writes).toEqual([]);
  });
  test("whoever writes the VirtualService anew is followed, and the split is woven into what it says now", async () => {
    const { cluster, router, route } = place(OWN, [SERVICE, FRONT]);
    await router.apply(route(tenth), call);
    const during = cluster.get("VirtualService", "front");
    const again = { ...FRONT.spec, http: [{ ...FRONT.spec.http[0], timeout: "9s" }] };
    cluster.put({
      ...during,
      kind: "VirtualService",
      metadata: { ...during?.metadata, name: "front" },
      spec: again,
    } as KubeObject);
    expect(await router.observe(call)).toMatchObject({ kind: "unreadable" });
    await router.apply(route(tenth), call);
    expect(await router.observe(call)).toMatchObject({ kind: "value", value: { split: tenth } });
    await router.remove(call);
    expect(specIn(cluster, "VirtualService", "front")).toEqual(again);
  });
  test("a rule that somebody has changed is not believed", async () => {
    const { cluster, router, route } = place(OWN, [SERVICE, FRONT]);
    const ruled: Split = {
      ...tenth,
      matches: [{ when: [{ on: "header", name: "x", is: { exact: "1" } }], to: "canary" }],
    };
    await router.apply(route(ruled), call);
    expect(await router.observe(call)).toMatchObject({ kind: "value", value: { split: ruled } });
    const during = cluster.get("VirtualService", "front") as KubeObject & { spec: { http: readonly object[] } };
    cluster.put({ ...during, spec: { ...during.spec, http: during.spec.http.slice(1) } } as KubeObject);
    expect(await router.observe(call)).toMatchObject({
      kind: "unreadable",
      why: expect.stringContaining("front") as string,
    });
  });
  test("a DestinationRule that somebody brings takes the subsets over, and Serin's own goes", async () => {
    const { cluster, router, route } = place(SUBSETS, [SERVICE]);
    await router.apply(route(tenth), call);
    const theirs = { host: "shop", trafficPolicy: { loadBalancer: { simple: "RANDOM" } } };
    cluster.put({ kind: "DestinationRule", metadata: { name: "theirs" }, spec: theirs } as KubeObject);
    await router.apply(route(tenth), call);
    expect(cluster.get("DestinationRule", "shop")).toBeUndefined();
    expect(specIn(cluster, "DestinationRule", "theirs")).toMatchObject({
      ...theirs,
      subsets: [{ name: "stable", labels: { "pod-template-hash": "aaaa" } }, { name: "canary" }],
    });
    await router.remove(call);
    expect(specIn(cluster, "DestinationRule", "theirs")).toEqual(theirs);
  });
  test("a subset keeps its pods while a route names it for another version", async () => {
    const { cluster, router, route } = place(SUBSETS, [SERVICE]);
    await router.apply(route({ weights: all("canary") }), call);
    // The canary has become stable, and the next one runs already.
    cluster.pools.set("v3", { hash: "cccc", size: 1 });
    const seen: unknown[] = [];
    cluster.wrote = ({ kind, metadata }) => seen.push([kind, specIn(cluster, kind ?? "", metadata.name)]);
    await router.apply(route({ weights: all("stable") }, { stable: "v2", canary: "v3" }), call);
    expect(seen[0]).toMatchObject([
      "DestinationRule",
      {
        subsets: [
          { labels: { "pod-template-hash": "bbbb" } },
          { name: "canary", labels: { "pod-template-hash": "bbbb" } },
        ],
      },
    ]);
    cluster.passes(11_000);
    await router.apply(route({ weights: all("stable") }, { stable: "v2", canary: "v3" }), call);
    expect(specIn(cluster, "DestinationRule", "shop")).toMatchObject({
      subsets: [{}, { name: "canary", labels: { "pod-template-hash": "cccc" } }],
    });
  });
  test("three candidates share with a baseline", async () => {
    const { cluster, router, route } = place(SUBSETS, [SERVICE]);
    const pools = { stable: "v1", canary: "v2", "canary-2": "v3", baseline: "v4" } as const;
    cluster.pools.set("v3", { hash: "cccc", size: 1 });
    cluster.pools.set("v4", { hash: "dddd", size: 1 });
    const part = weightOf(0.1);
    const weights = { canary: part, "canary-2": part, baseline: part, stable: weightOf(0.7) };
    await router.apply(route({ weights }, pools), call);
    expect(await router.observe(call)).toMatchObject({
      value: { split: { weights }, busy: ["v1-0", "v1-1", "v2-0", "v3-0", "v4-0"] },
    });
  });
  test("a role without a ready pod leaves its requests to stable, and that is what is told", async () => {
    const { cluster, router, route } = place(SUBSETS, [SERVICE]);
    await router.apply(route(tenth), call);
    cluster.pools.set("v2", { hash: "bbbb", size: 0 });
    await router.apply(route(tenth), call);
    expect(await router.observe(call)).toMatchObject({ value: { split: { weights: all("stable") } } });
  });
  test("a write onto a version that is not the newest is refused, and the next pass sees what it is now", async () => {
    const { cluster, router, route } = place(OWN, [SERVICE, FRONT]);
    await router.apply(route({ weights: all("stable") }, { stable: "v1" }), call);
    const before = cluster.get("VirtualService", "front");
    // Somebody writes while the subset is being made.
    cluster.wrote = ({ kind }) => {
      if (kind === "DestinationRule" && before) cluster.put(before);
    };
    await expect(router.apply(route(tenth), call)).rejects.toMatchObject({ status: 409 });
    cluster.wrote = undefined;
    await router.apply(route(tenth), call);
    expect(await router.observe(call)).toMatchObject({ value: { split: tenth } });
  });
});

describe("the Gateway API", () => {
  const words = "regular expressions are not supported";
  const refusing = (cluster: MemoryCluster, object: KubeObject): void => {
    accepted(cluster, object);
    const { spec, kind = "" } = object as KubeObject & { spec: { rules?: readonly { name?: string }[] } };
    if (!kind.endsWith("Route") || !spec.rules?.some(({ name }) => name === "serin-1")) return;
    const generation = object.metadata.generation;
    const said = { status: "False", reason: "UnsupportedValue", message: words, observedGeneration: generation };
    const conditions = [{ type: "Accepted", ...said }];
    const parents = [{ parentRef: { name: "public" }, controllerName: "example.com/gateway", conditions }];
    cluster.kind(kind).set(`prod/${object.metadata.name}`, Object.assign({}, object, { status: { parents } }));
  };
  const ruled: Split = {
    ...tenth,
    matches: [{ when: [{ on: "header", name: "x", is: { prefix: "1" } }], to: "canary" }],
  };

  test.each([
    ["of one's own", OWN_ROUTE, [SERVICE, ROUTE as KubeObject], "front"],
    ["that Serin makes", GATEWAY, [SERVICE], "shop"],
  ])(
    "a route %s that is refused is told in the controller's words, and the one before it put back",
    async (_what, ...given) => {
      const [traffic, objects, name] = given;
      const { cluster, router, route } = place(traffic, objects);
      await router.apply(route(tenth), call);
      const before = specIn(cluster, "HTTPRoute", name);
      cluster.wrote = (object) => refusing(cluster, object);
      await expect(router.apply(route(ruled), call)).rejects.toMatchObject({
        trouble: { code: "SERIN_GATEWAY_REFUSED", found: expect.stringContaining(words) as string },
      });
      expect(specIn(cluster, "HTTPRoute", name)).toEqual(before);
      expect(await router.observe(call)).toMatchObject({ kind: "value", value: { split: tenth } });
    },
  );
  test("is not believed before its controller has spoken of the newest version", async () => {
    const { cluster, router, route } = place(GATEWAY, [SERVICE]);
    cluster.wrote = undefined;
    await router.apply(route(tenth), call);
    expect(await router.observe(call)).toMatchObject({
      kind: "unreadable",
      why: expect.stringContaining("public") as string,
    });
    const written = cluster.get("HTTPRoute", "shop");
    if (written) accepted(cluster, written);
    expect(await router.observe(call)).toMatchObject({ kind: "value" });
  });
  test("an older definition that leaves something out is told, and nothing of it stays", async () => {
    const { cluster, router, route } = place(OWN_ROUTE, [SERVICE, ROUTE]);
    await router.apply(route(tenth), call);
    const before = specIn(cluster, "HTTPRoute", "front");
    cluster.wrote = (object) => {
      const { spec, kind = "" } = object as KubeObject & { spec: { rules?: readonly { name?: string }[] } };
      const rules = spec.rules?.map(({ name: _pruned, ...rule }) => rule);
      if (kind === "HTTPRoute") accepted(cluster, Object.assign({}, object, { spec: { ...spec, rules } }));
    };
    const refused = router.apply(route(ruled), call);
    await expect(refused).rejects.toMatchObject({ trouble: { code: "SERIN_GATEWAY_OLD", hopeless: true } });
    expect(specIn(cluster, "HTTPRoute", "front")).toEqual(before);
  });
  test("the Service is narrowed to stable before pods of another version are made, and wide again afterwards", async () => {
    const { cluster, router, route } = place(GATEWAY, [SERVICE]);
    await router.isolate(call);
    expect(specIn(cluster, "Service", "shop")).toMatchObject({
      selector: { app: "shop", "pod-template-hash": "aaaa" },
    });
    await router.apply(route(tenth), call);
    expect(specIn(cluster, "Service", "shop")).toMatchObject({ selector: { "pod-template-hash": "aaaa" } });
    cluster.pools.delete("v1");
    await router.apply(route({ weights: all("stable") }, { stable: "v2" }), call);
    expect(specIn(cluster, "Service", "shop")).toEqual(SERVICE.spec);
  });
});
