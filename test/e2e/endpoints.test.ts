// Do requests go from one address of somebody else to another, and is a façade found again by the next controller?
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { clients, SERVICE, until } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { outcome } from "./telling.ts";

let scene: Scene;
const servers: Server[] = [];

afterEach(async () => {
  await scene.close();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A service of somebody else. */
async function elsewhere(name: string): Promise<string> {
  const server = createServer((_request, response) => response.end(name));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const text = async (url: string): Promise<string> => (await fetch(url)).text();

const rollout = (url: string): string => `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app }
spec:
  workload: { urls: ["${url}"] }
  traffic: { proxy: { listen: "127.0.0.1:0" } }
  strategy: { canary: { steps: [{ weight: 50%, hold: 500ms }] } }
  analysis: { enabled: false }
`;

test("from one address to another by a canary, and back by undo; neither is touched", async () => {
  scene = await openScene();
  const [one, two] = [await elsewhere("one"), await elsewhere("two")];
  const { address = "" } = await scene.ended(await scene.apply(rollout(one)));
  expect(await text(address)).toBe("one");
  expect((await scene.ended(await scene.apply(rollout(two)))).rollout?.outcome).toBe("promoted");
  expect(await text(address)).toBe("two");
  expect((await scene.say("undo", "app")).code).toBe(0);
  await scene.ended(3);
  expect(await text(address)).toBe("one");
  expect((await scene.say("down", "app")).code).toBe(0);
  expect([await text(one), await text(two)]).toEqual(["one", "two"]);
});

/** A service of somebody else in Go, say: it answers all with 200, and so large a share is an error on its page. */
async function counting(share: number): Promise<string> {
  let requests = 0;
  const server = createServer((request, response) => {
    response.setHeader("x-version", String(share));
    if (request.url !== "/metrics?all=1") {
      requests += 1;
      return response.end("well");
    }
    const failed = Math.floor(requests * share);
    const counts = [["200", requests - failed] as const, ["500", failed] as const];
    const lines = counts.map(([code, count]) => `http_requests_total{code="${code}",method="get"} ${count}\n`);
    response.setHeader("content-type", "text/plain; version=0.0.4");
    return response.end(`# TYPE http_requests_total counter\n${lines.join("")}`);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("an address whose own page tells of errors that nobody sees outside is left again", async () => {
  scene = await openScene();
  const file = (url: string): string =>
    rollout(url)
      .replace(`["${url}"]`, `["${url}"], metrics: { path: "/metrics?all=1", every: 500ms }`)
      .replace("hold: 500ms", "hold: 3m")
      .replace("enabled: false", "metrics: [{ preset: success-rate }, { preset: go:errors }]");
  const { address = "" } = await scene.ended(await scene.apply(file(await counting(0.01))));
  const load = clients(address, 8, 20);
  try {
    const number = await scene.apply(file(await counting(0.3)));
    const ended = await outcome(scene, number);
    expect(ended.outcome).toBe("rolled-back");
    expect(ended.why).toContain("go:errors: ");
    expect(ended.verdict?.metrics.filter(({ blamed }) => blamed).map(({ name }) => name)).toEqual(["go:errors"]);
  } finally {
    await load.stop();
  }
  expect(load.lost).toEqual([]);
});

test("a façade whose controller is killed goes on serving, and goes on moving under the next one", async () => {
  scene = await openScene();
  const legacy = await elsewhere("legacy");
  const part = (name: string): string => `
    - name: ${name}
      match: [{ path: /${name} }]
      workload: { process: { command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(SERVICE)}], env: { VERSION: ${name} }, drain: 1s } }`;
  const file = await scene.place.write(
    "shop.yaml",
    `apiVersion: serin.dev/v1
kind: Facade
metadata: { name: shop }
spec:
  traffic: { proxy: { listen: "127.0.0.1:0" } }
  legacy: { urls: ["${legacy}"] }
  strategy: { canary: { steps: [{ weight: 50%, hold: 1s }] } }
  analysis: { enabled: false }
  routes:${part("cart")}${part("search")}
`,
  );
  const said = await scene.say("apply", file);
  expect(said.out, said.err).toContain("facade/shop/1 started: 2 routes");
  const at = (index: number) => async () => (await scene.link.group("facade/shop")).members[index]?.at;
  await until("the cart on its way", async () => (await at(0)()) === "under-way");
  const { address = "" } = await scene.link.group("facade/shop");
  scene.controller.kill("SIGKILL");
  await until("no controller", async () => scene.controller.signalCode !== null);
  expect(await text(`${address}/other`)).toBe("legacy");
  expect(await text(`${address}/search`)).toBe("legacy");
  await scene.serveAgain();
  await until("all moved", async () => (await scene.link.group("facade/shop")).phase === "ended");
  expect([
    await text(`${address}/cart`),
    await text(`${address}/search/1`),
    await text(`${address}/searching`),
  ]).toEqual(["cart", "search", "legacy"]);
  expect((await scene.say("apply", file)).out).toContain("facade/shop/2 started");
  const taken = await scene.place.write("cart.yaml", rollout(legacy).replace("name: app", "name: shop-cart"));
  expect((await scene.say("apply", taken)).err).toContain("shop-cart is a part of facade/shop");
  expect((await scene.say("down", "facade/shop")).code).toBe(0);
  scene.controller.kill("SIGTERM");
  await until("no process", async () => (await scene.place.processes()).length === 0);
  expect(await text(legacy)).toBe("legacy");
});
