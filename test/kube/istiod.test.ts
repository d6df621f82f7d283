// Do requests through a real Istio go where the VirtualService says?
import { expect, type TestContext } from "vitest";
import { all, type Split } from "../../src/core/split.ts";
import { weightOf } from "../../src/core/units.ts";
import { until } from "../e2e/harness.ts";
import { load } from "./demo.ts";
import { openIstio, shareAt, untilForgotten, whyNoIstio } from "./istiod.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { KubeObject, Pod } from "./objects.ts";
import type { Namespace } from "./cluster.ts";
import { RoutingPlace } from "./routing-cluster.ts";
import { twice } from "./twice.ts";
import { ask, expectShare, HOST, untilAll } from "./through.ts";

const meshed = whyNoIstio() === undefined ? test : test.skip;

const call = () => ({ signal: AbortSignal.timeout(20_000) });

const OWN = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front }
spec:
  hosts: [${HOST}]
  gateways: [public]
  http:
    - match: [{ uri: { prefix: /gone } }]
      redirect: { uri: /, redirectCode: 301 }
    - route: [{ destination: { host: app } }]
`;

const MADE = `service: { name: app }, hosts: [${HOST}], gateways: [public]`;
const THEIRS = "service: { name: app }, virtualService: { name: front }";

interface Case {
  readonly traffic: string;
  readonly own?: string;
  readonly debounce?: string;
}

const CASES: readonly (readonly [string, Case])[] = [
  ["that Serin makes, by subsets", { traffic: `{ istio: { ${MADE}, by: subsets } }` }],
  ["that Serin makes, by Services", { traffic: `{ istio: { ${MADE}, by: services } }` }],
  // As in a large mesh, where a moment without a change is rare.
  ["of one's own, by subsets", { traffic: `{ istio: { ${THEIRS}, by: subsets } }`, own: OWN, debounce: "1500ms" }],
  ["of one's own, by Services", { traffic: `{ istio: { ${THEIRS}, by: services } }`, own: OWN }],
];

async function open(context: TestContext, { traffic, own, debounce = "100ms" }: Case) {
  const cluster = sharedCluster();
  const shop = await cluster.namespace(context);
  const istio = await openIstio(context, { cluster, shop, debounce });
  const place = await RoutingPlace.ready(context, shop, { traffic, own });
  return { shop, istio, place };
}

/** So many requests a version's pods have answered. */
async function answeredBy(shop: Namespace, version: string): Promise<number> {
  const pods = (await shop.list<Pod>("Pod")).filter(({ spec }) => spec.containers[0]?.image === `demo:${version}`);
  const pages = await Promise.all(
    pods.map(async ({ status }) => (await fetch(`http://${status?.podIP}:8080/metrics`)).text()),
  );
  const numbers = [...pages.join("\n").matchAll(/^http_requests_total\{.*\} (\d+)$/gmu)];
  return numbers.reduce((sum, [, number]) => sum + Number(number), 0);
}

meshed.concurrent.for(CASES)("through Istio, a VirtualService %s", async ([, given], context) => {
  const { shop, istio, place } = await open(context, given);
  const { address } = istio;
  await place.follow({ weights: all("stable") });
  await untilAll(address, "v1");
  const seen = load(context, address, { headers: { host: HOST } });
  for (const canary of [0.1, 0.335, 1, 0]) {
    const split: Split = { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) } };
    await place.follow(split);
    if (canary === 1 || canary === 0) await untilAll(address, canary === 1 ? "v2" : "v1");
    else await until(`the Envoy has it: ${canary}`, async () => (await shareAt(istio)) === canary);
    await expectShare(address, canary);
  }
  const ruled: Split = {
    weights: all("stable"),
    matches: [
      { when: [{ on: "header", name: "x-beta", is: { exact: "1" } }], to: "canary" },
      { when: [{ on: "cookie", name: "beta", is: { prefix: "y" } }], to: "canary" },
    ],
  };
  expect(await place.follow(ruled)).toEqual(ruled);
  await until("the rule holds", async () => (await ask(address, { headers: { "x-beta": "1" } })) === "v2");
  expect(await ask(address, { headers: { "x-beta": "11" } })).toBe("v1");
  expect(await ask(address, { headers: { cookie: "a=b; beta=yes" } })).toBe("v2");
  expect(await ask(address, { headers: { cookie: "abeta=yes; beta=no" } })).toBe("v1");
  expect(await ask(address, { path: "/gone" })).toBe(given.own === undefined ? "v1" : "301");
  const mirror = { to: ["canary"], share: weightOf(1), methods: "safe" } as const;
  await place.follow({ weights: all("stable"), mirror });
  const before = await answeredBy(shop, "v2");
  await until("requests are copied", async () => (await answeredBy(shop, "v2")) >= before + 100);
  await place.follow({ weights: all("canary") });
  await untilAll(address, "v2");
  await place.run([{ pool: "v2", role: "stable", size: 2 }]);
  await place.follow({ weights: all("stable") });
  await untilAll(address, "v2");
  await place.router.remove(call());
  await untilForgotten(istio);
  await untilAll(address, "v2");
  // No step of it costs a request.
  await seen.stop();
  expect(seen.lost).toEqual([]);
  const name = given.own === undefined ? "app" : "front";
  const { spec } = await shop.get<KubeObject & { spec: object }>(`networking.istio.io/v1/VirtualService/${name}`);
  expect(JSON.stringify(spec)).not.toMatch(/stable|subset/u);
});

meshed.concurrent.for(["subsets", "services"])("two rollouts through Istio, by %s", async (by, context) => {
  const cluster = sharedCluster();
  const shop = await cluster.namespace(context);
  const { address } = await openIstio(context, { cluster, shop });
  const traffic = { istio: { service: { name: "app" }, virtualService: { name: "front" }, by } };
  await twice(context, { shop, own: OWN, address, traffic });
});
