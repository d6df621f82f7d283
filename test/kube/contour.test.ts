// Do requests through a real Gateway go where the route says?
import { expect, type TestContext } from "vitest";
import { all, type Split } from "../../src/core/split.ts";
import { weightOf } from "../../src/core/units.ts";
import { until } from "../e2e/harness.ts";
import { openContour, whyNoContour } from "./contour.ts";
import { define } from "./definitions.ts";
import { load } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { KubeObject } from "./objects.ts";
import { RoutingPlace } from "./routing-cluster.ts";
import { ask, counts, expectShare, HOST, untilAll } from "./through.ts";

const contoured = whyNoContour() === undefined ? test : test.skip;

const call = () => ({ signal: AbortSignal.timeout(20_000) });

const OWN = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: front }
spec:
  parentRefs: [{ name: public }]
  hostnames: [shop.example.com]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /gone } }]
      filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 301, hostname: other.example.com } }]
    - backendRefs: [{ name: app, port: 80 }]
`;

const CASES: readonly (readonly [string, string, string])[] = [
  [
    "that Serin makes",
    "{ gateway: { service: { name: app }, parents: [{ name: public }], hostnames: [shop.example.com] } }",
    "",
  ],
  ["of one's own", "{ gateway: { service: { name: app }, route: { name: front } } }", OWN],
];

async function open(context: TestContext, traffic: string, own: string) {
  const cluster = sharedCluster();
  await define(cluster, "gateway");
  const shop = await cluster.namespace(context);
  const address = await openContour(context, cluster, shop);
  const place = await RoutingPlace.ready(context, shop, { traffic, own: own === "" ? undefined : own });
  return { shop, address, place };
}

contoured.for(CASES)("through Contour, an HTTPRoute %s", async ([, traffic, own], context) => {
  const { shop, address, place } = await open(context, traffic, own);
  await place.follow({ weights: all("stable") });
  await untilAll(address, "v1");
  const seen = load(context, address, { headers: { host: HOST } });
  for (const [canary, newcomer] of [
    [0.1, "v2"],
    [1, "v2"],
    [0.335, "v1"],
    [0, "v1"],
  ] as const) {
    const split: Split = { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) } };
    await place.follow(split);
    // The Envoy has it a moment after Contour says that it was taken: then somebody answers who got nothing before.
    await until("the share is in force", async () => (await ask(address)) === newcomer);
    if (canary === 1 || canary === 0) await untilAll(address, newcomer);
    await expectShare(address, canary);
  }
  const ruled: Split = {
    weights: all("stable"),
    matches: [
      { when: [{ on: "header", name: "x-beta", is: { exact: "1" } }], to: "canary" },
      { when: [{ on: "cookie", name: "beta", is: { prefix: "y" } }], to: "canary" },
      {
        when: [
          { on: "path", is: { prefix: "/new" } },
          { on: "query", name: "q", is: { exact: "1" } },
        ],
        to: "canary",
      },
    ],
  };
  expect(await place.follow(ruled)).toEqual(ruled);
  await until("the rule holds", async () => (await ask(address, { headers: { "x-beta": "1" } })) === "v2");
  expect(await ask(address, { headers: { "x-beta": "11" } })).toBe("v1");
  expect(await ask(address, { headers: { cookie: "a=b; beta=yes" } })).toBe("v2");
  expect(await ask(address, { headers: { cookie: "abeta=yes; beta=no" } })).toBe("v1");
  expect(await ask(address, { path: "/new/things?q=1" })).toBe("v2");
  expect(await ask(address, { path: "/newer?q=1" })).toBe("v1");
  expect(await ask(address, { path: "/gone" })).toBe(own === "" ? "v1" : "301");
  await place.follow({ weights: all("canary") });
  await place.run([{ pool: "v2", role: "stable", size: 2 }]);
  await place.follow({ weights: all("stable") });
  await untilAll(address, "v2");
  await place.router.remove(call());
  // No step of it costs a request.
  await seen.stop();
  expect(seen.lost).toEqual([]);
  expect((await counts(address, 20))["v2"]).toBe(20);
  const name = own === "" ? "app" : "front";
  const { spec } = await shop.get<KubeObject & { spec: object }>(`gateway.networking.k8s.io/v1/HTTPRoute/${name}`);
  expect(JSON.stringify(spec)).not.toContain("app-stable");
});
