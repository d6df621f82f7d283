// Do requests through a real Gateway go where the route says?
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { expect, type TestContext } from "vitest";
import { all, type Split } from "../../src/core/split.ts";
import { weightOf } from "../../src/core/units.ts";
import { until } from "../e2e/harness.ts";
import { openContour, whyNoContour } from "./contour.ts";
import { define } from "./definitions.ts";
import { demoService } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { KubeObject } from "./objects.ts";
import { RoutingPlace } from "./routing-cluster.ts";

const contoured = whyNoContour() === undefined ? test : test.skip;

const call = () => ({ signal: AbortSignal.timeout(20_000) });

/** The version that answers, or the status of an answer that is none. */
async function ask(address: string, headers: Readonly<Record<string, string>> = {}, path = "/"): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(`${address}${path}`, { headers: { host: "shop.example.com", ...headers } }, (answer) => {
      text(answer).then(
        (said) => resolve(answer.statusCode === 200 ? (said.split(" ")[0] ?? "") : String(answer.statusCode)),
        reject,
      );
    });
    asked.on("error", reject);
    asked.end();
  });
}

async function counts(address: string, number: number): Promise<Readonly<Record<string, number>>> {
  const seen: Record<string, number> = {};
  for (let sent = 0; sent < number; sent += 1) {
    const answer = await ask(address);
    seen[answer] = (seen[answer] ?? 0) + 1;
  }
  return seen;
}

/** Asks all the time; stops when it is asked what went unanswered. */
function load(context: TestContext, address: string): () => Promise<readonly string[]> {
  const off = new AbortController();
  const lost: string[] = [];
  const done = (async () => {
    while (!off.signal.aborted) {
      const answer = await ask(address).catch((error: unknown) => String(error));
      if (answer !== "v1" && answer !== "v2") lost.push(`${new Date().toISOString()} ${answer}`);
    }
  })();
  const stop = async (): Promise<readonly string[]> => {
    off.abort();
    await done;
    return lost;
  };
  context.onTestFinished(async () => void (await stop()));
  return stop;
}

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
  await shop.apply(demoService());
  if (own !== "") await shop.apply(own);
  const place = await RoutingPlace.open(cluster, shop, { traffic, image: "demo" });
  context.onTestFinished(() => place.close());
  await place.run([
    { pool: "v1", role: "stable", size: 2 },
    { pool: "v2", role: "canary", size: 1 },
  ]);
  return { shop, address, place };
}

contoured.for(CASES)("through Contour, an HTTPRoute %s", async ([, traffic, own], context) => {
  const { shop, address, place } = await open(context, traffic, own);
  await place.follow({ weights: all("stable") });
  await until("stable answers", async () => (await ask(address).catch(() => "nobody")) === "v1");
  const unanswered = load(context, address);
  for (const canary of [0.1, 0.335, 1, 0]) {
    const split: Split = { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) } };
    await place.follow(split);
    const whole = canary === 1 ? "v2" : "v1";
    // The Envoy has it a moment after Contour says that it was taken.
    if (canary === 1 || canary === 0)
      await until(`all is ${whole}`, async () => (await counts(address, 20))[whole] === 20);
    const sent = 400;
    const seen = await counts(address, sent);
    expect(
      Object.keys(seen).every((answer) => ["v1", "v2"].includes(answer)),
      JSON.stringify(seen),
    ).toBe(true);
    // Five standard deviations of a share that chance deals.
    const spread = 5 * Math.sqrt(sent * canary * (1 - canary));
    expect(Math.abs((seen["v2"] ?? 0) - sent * canary), JSON.stringify(seen)).toBeLessThanOrEqual(spread);
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
  await until("the rule holds", async () => (await ask(address, { "x-beta": "1" })) === "v2");
  expect(await ask(address, { "x-beta": "11" })).toBe("v1");
  expect(await ask(address, { cookie: "a=b; beta=yes" })).toBe("v2");
  expect(await ask(address, { cookie: "abeta=yes; beta=no" })).toBe("v1");
  expect(await ask(address, {}, "/new/things?q=1")).toBe("v2");
  expect(await ask(address, {}, "/newer?q=1")).toBe("v1");
  expect(await ask(address, {}, "/gone")).toBe(own === "" ? "v1" : "301");
  await place.follow({ weights: all("canary") });
  await place.run([{ pool: "v2", role: "stable", size: 2 }]);
  await place.follow({ weights: all("stable") });
  await until("the new version answers", async () => (await counts(address, 20))["v2"] === 20);
  await place.router.remove(call());
  // No step of it costs a request.
  expect(await unanswered()).toEqual([]);
  expect((await counts(address, 20))["v2"]).toBe(20);
  const name = own === "" ? "app" : "front";
  const { spec } = await shop.get<KubeObject & { spec: object }>(`gateway.networking.k8s.io/v1/HTTPRoute/${name}`);
  expect(JSON.stringify(spec)).not.toContain("app-stable");
});
