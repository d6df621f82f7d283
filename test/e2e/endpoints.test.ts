// Do requests go from one address of somebody else to another, and is a façade found again by the next controller?
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { SERVICE, until } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

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
  await until("all moved", async () => (await scene.link.group("facade/shop")).phase === "ended", 40_000);
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
