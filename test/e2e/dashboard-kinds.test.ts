// Does the dashboard show what only some rollouts have: a shadow's differences, an A/B test, a façade's map?
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../proxy/parts.ts";
import {
  act,
  buildDashboard,
  HAS_CHROMIUM,
  openBrowser,
  openPage,
  reads,
  violations,
  type Watched,
} from "./browser.ts";
import { clients, rolloutFile, SERVICE, until, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

describe.skipIf(!HAS_CHROMIUM)("the dashboard", () => {
  let browser: Browser;
  let scene: Scene;
  let watched: Watched;
  let load: Clients | undefined;
  let server: Server | undefined;

  beforeAll(async () => {
    buildDashboard();
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    expect(await violations(watched.page)).toEqual([]);
    expect(watched.errors).toEqual([]);
    await watched.page.context().close();
    await load?.stop();
    load = undefined;
    await scene.close();
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  const open = async (path: string): Promise<Watched["page"]> => {
    const { url } = JSON.parse(await readFile(join(scene.place.state, "controller.json"), "utf8")) as { url: string };
    watched = await openPage(browser, url + path);
    return watched.page;
  };

  test("in what a shadow's answers differ, with examples", async () => {
    scene = await openScene();
    const { address = "" } = await scene.ended(await scene.apply(rolloutFile("v1")));
    load = clients(address, 4);
    await scene.apply(rolloutFile("v2", { strategy: "shadow: { compare: { atLeast: 100 } }" }));
    const page = await open("/services/app");
    await reads(page, ".differences", /body\s*differs in \d+ of \d+ \(100%\)/u);
    await page.locator(".differences summary", { hasText: "body" }).first().click();
    expect(await page.locator(".differences li").count()).toBe(2);
    await reads(page, ".example", /stable\s+"?v1"?\s+canary\s+"?v2/u);
  });

  test("how many users an A/B test has, and what it says", async () => {
    const port = await freePort();
    scene = await openScene(undefined, ["--events", `127.0.0.1:${port}`]);
    await scene.ended(await scene.apply(rolloutFile("v1")));
    const strategy = `abTest:
      { variants: { control: blue, treatment: green }, conversions: { events: order, within: 2s }, baseline: 10%, lift: 50%, power: 90%, atMost: 10m }`;
    const traffic = "{ proxy: { listen: '127.0.0.1:0' }, sticky: { cookie: visitor } }";
    await scene.apply(rolloutFile("v2", { strategy, traffic }));
    const page = await open("/services/app");
    const events = Array.from({ length: 40 }, (_, index) => [
      { user: `u${index}`, variant: index % 2 ? "blue" : "green" },
      ...(index % 4 === 0 ? [{ user: `u${index}`, goal: "order" }] : []),
    ]).flat();
    const told = await until("a test that has begun", async () => {
      const said = await fetch(`http://127.0.0.1:${port}/v1/events/app`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(events),
      });
      return said.ok && said.json();
    });
    expect(told).toMatchObject({ taken: 50, refused: [] });
    await reads(page, ".panel table", /blue\s+20\s+0\s+0%/u);
    await reads(page, ".panel table", /green\s+20\s+10\s+50%/u);
    await reads(page, ".panel header", /A\/B test\s+undecided/u);
  });

  test("a release, wave by wave, and what is done to all of it at once", async () => {
    scene = await openScene();
    await Promise.all(
      ["cart", "shop"].map(async (name) => {
        const text = (version: string): string =>
          rolloutFile(version, {
            replicas: 1,
            strategy: "canary: { steps: [{ weight: 20%, hold: 15s }] }",
            analysis: "  analysis: { enabled: false }",
          }).replace("name: app", `name: ${name}`);
        await scene.say("apply", await scene.place.write(`${name}.yaml`, text("v1")));
        await until(`${name} serves`, async () => (await scene.link.get(name)).rollout?.outcome === "promoted");
        await scene.place.write(`${name}.yaml`, text("v2"));
      }),
    );
    const release = await scene.place.write(
      "release.yaml",
      `apiVersion: serin.dev/v1
kind: Release
metadata: { name: app }
spec:
  members: [{ name: cart, file: cart.yaml }, { name: shop, file: shop.yaml }]
  waves: [{ members: [cart], bake: 30m }, { members: [shop] }]
`,
    );
    const applied = await scene.say("apply", release);
    expect(applied.code, applied.err).toBe(0);
    const page = await open("/groups/release/app");
    await reads(page, ".member", /cart\s+under way/u);
    await act(page, "Pause", "one moment");
    await reads(page, ".notice.held", /Paused by .*: one moment/u);
    await act(page, "Resume", "on with it");
    await reads(page, ".notice", "The wave is promoted, and watched since");
    expect(await act(page, "Go on", "watched enough")).toContain("Then the next wave begins; shop waits");
    await reads(page, ".member", /shop\s+under way/u);
    expect(await act(page, "Abort", "all of it back")).toMatch(/cart, promoted already, goes back/u);
    await reads(page, ".service-head .pill", "stopped");
    await until("both are what they were", async () => {
      const views = await Promise.all(["cart", "shop"].map((name) => scene.link.get(name)));
      return views.every(({ stable, history }) => stable === history.at(-1)?.candidate);
    });
    await act(page, "Retry", "once more");
    await reads(page, ".notice", "The wave is promoted, and watched since");
    expect(await act(page, "Forget", "each by itself")).toContain("Nothing changes for users");
    await reads(page, ".empty", "There is no group release/app");
    expect((await scene.link.list()).length).toBe(2);
  });

  test("which requests of a façade go where, and its rollouts from there", async () => {
    scene = await openScene();
    server = createServer((_request, response) => response.setHeader("x-version", "legacy").end("legacy"));
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const route = (name: string): string => `
    - name: ${name}
      match: [{ path: /${name} }]
      workload: { process: { command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(SERVICE)}], ready: { path: /healthz } } }`;
    const file = await scene.place.write(
      "facade.yaml",
      `apiVersion: serin.dev/v1
kind: Facade
metadata: { name: app }
spec:
  traffic: { proxy: { listen: "127.0.0.1:0" } }
  legacy: { urls: ["http://127.0.0.1:${port}"] }
  strategy: { canary: { steps: [{ weight: 10%, hold: 10m }] } }
  routes:${route("cart")}${route("search")}
`,
    );
    const applied = await scene.say("apply", file);
    expect(applied.code, applied.err).toBe(0);
    const page = await open("/groups");
    await page.getByRole("link", { name: "facade/app" }).click();
    await reads(page, ".facade-route.both", /cart[\s\S]*shared by the new service and legacy/u);
    await reads(page, ".facade-route.legacy", /search[\s\S]*goes to legacy/u);
    await reads(page, ".facade-route.legacy", "everything else");
    // What a route does is a rollout like any other.
    await page.getByRole("link", { name: "cart" }).click();
    await reads(page, ".steps .now", "Hold");
    await act(page, "Promote at once", "it is only a cart");
    await until("the route has moved", async () => {
      const [group] = await scene.link.groups();
      return group?.members.find(({ name }) => name === "cart")?.at === "promoted";
    });
    await page.getByRole("link", { name: "Groups" }).click();
    await page.getByRole("link", { name: "facade/app" }).click();
    await reads(page, ".facade-route.new", /cart[\s\S]*goes to the new service/u);
  });
});
