// Can everybody use the dashboard's views, in light and dark, and does it stay quick and small?
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createVirtualClock } from "../../src/adapters/memory/clock.ts";
import { createMemoryWorkload } from "../../src/adapters/memory/workload.ts";
import { deskOf } from "../../src/api/desk.ts";
import { openDoor } from "../../src/api/server.ts";
import { testKeeper } from "../support/keeper.ts";
import { ms } from "../../src/core/units.ts";
import { createKeptStore } from "../../src/rehearse/journal.ts";
import { createPlane } from "../../src/rehearse/plane.ts";
import { Controller } from "../../src/runtime/controller.ts";
import { applyOf, fileOf, rolloutOf } from "../sim/specs.ts";
import { buildDashboard, HAS_CHROMIUM, openBrowser, openPage, reads, scriptMsOf, violations } from "./browser.ts";
import { clients, rolloutFile, until, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

const DIST = join(import.meta.dirname, "../../dist/dashboard");

beforeAll(() => buildDashboard());

test("the bundle is small, and names nobody else", () => {
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
  const size = bytes.reduce((sum, each) => sum + gzipSync(each).length, 0);
  console.log(`dashboard: ${Math.round(size / 1_000)} kB compressed, in ${files.length} files`);
  expect(size).toBeLessThan(300_000);
  const page = readFileSync(join(DIST, "index.html"), "utf8");
  expect(page).not.toMatch(/https?:|<script>|<style|style=/u);
});

describe.skipIf(!HAS_CHROMIUM)("in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  describe("axe finds nothing", () => {
    let scene: Scene;
    let url: string;
    let load: Clients | undefined;

    beforeAll(async () => {
      scene = await openScene();
      ({ url } = JSON.parse(await readFile(join(scene.place.state, "controller.json"), "utf8")) as { url: string });
      const { address = "" } = await scene.ended(await scene.apply(rolloutFile("v1")));
      load = clients(address, 4);
      await scene.ended(await scene.apply(rolloutFile("v2", { env: "FAIL: '0.2'" })));
      await scene.apply(rolloutFile("v3", { strategy: "canary: { steps: [{ weight: 20%, hold: 30m }] }" }));
      await scene.see("evidence", ({ rollout }) => (rollout?.verdict?.canaryRequests ?? 0) > 100);
    });
    afterAll(async () => {
      await load?.stop();
      await scene?.close();
    });

    const VIEWS: readonly (readonly [path: string, selector: string, text: string])[] = [
      ["/", ".fleet-row", "under way"],
      ["/services/app", ".panel.metric", "success-rate"],
      ["/services/app/decisions", ".decisions", "app/3 brings"],
      ["/services/app/revisions", ".panel.revision", "stable"],
      ["/services/app/replicas", ".pools", "ready"],
      ["/services/app/plan", ".plan-text", "canary"],
      ["/services/app/history", ".history", "app/2"],
      ["/services/app/rollouts/2", ".panel .lead", "app/2"],
      ["/groups", "main", "Groups"],
      ["/plan", "main", "Plan a rollout"],
      ["/audit", "main", "app/3 started"],
      ["/nowhere", "main", "There is no such page"],
    ];

    test.each(["light", "dark"] as const)("%s", async (colorScheme) => {
      const { page, errors } = await openPage(browser, url, { colorScheme });
      const found: string[] = [];
      for (const [path, selector, text] of VIEWS) {
        await page.goto(url + path);
        await reads(page, selector, text);
        found.push(...(await violations(page)).map((each) => `${path}: ${each}`));
      }
      await page.goto(`${url}/services/app/replicas`);
      await page.locator(".panel summary").first().click();
      await reads(page, "section h3", /\w/u);
      found.push(...(await violations(page)).map((each) => `logs: ${each}`));
      await page.goto(`${url}/services/app`);
      await page.locator(".actions").getByRole("button", { name: "Abort" }).click();
      await reads(page, "dialog", "30 s");
      found.push(...(await violations(page)).map((each) => `dialog: ${each}`));
      await rehearse(page, `${url}/plan`);
      found.push(...(await violations(page)).map((each) => `rehearsal: ${each}`));
      expect(found).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    });

    /** By the keyboard alone, until something is found; and is ended then. */
    async function rehearse(page: Page, at: string): Promise<void> {
      await page.goto(at);
      await page.getByLabel("Rollout file").fill(rolloutFile("v4"));
      await page.getByLabel("Folder").fill(scene.place.dir);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await reads(page, ".plan-text", "Send 50%");
      await page.getByRole("button", { name: "Rehearse", exact: true }).press("Enter");
      await reads(page, ".findings", /^A version as good as the old one was taken back in \d+ of 20/mu);
      await reads(page, ".scenarios", /it is as good as the old one\s+(no )?false alarms?\s+\d+ of 20/u);
      await reads(page, ".rehearsal", /At 200 requests a second of which 0.10% fail anyway/u);
      await reads(page, ".chances", "+0.5%");
      await page.getByRole("button", { name: "Stop rehearsing" }).press("Enter");
      await reads(page, ".rehearsal button", "Rehearse more of each");
      await reads(page, ".once", "brings v2");
    }

    test("by the keyboard alone: from the fleet to an action and back", async () => {
      const { page } = await openPage(browser, url);
      await reads(page, ".fleet-row", "under way");
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe("To the content");
      await page.getByRole("link", { name: "app" }).focus();
      await page.keyboard.press("Enter");
      await reads(page, ".service-head .pill", "under way");
      await page.getByRole("button", { name: "Pause" }).focus();
      await page.keyboard.press("Enter");
      await reads(page, "dialog", "Reason");
      expect(await page.evaluate("document.activeElement.tagName")).toBe("INPUT");
      await page.keyboard.press("Escape");
      await until("no dialog", async () => (await page.locator("dialog").count()) === 0);
      expect(await focused(page)).toBe("Pause");
      await page.context().close();
    });

    test("on a narrow screen nothing is wider than it", async () => {
      const { page } = await openPage(browser, url, { viewport: { width: 390, height: 844 } });
      const wide: string[] = [];
      for (const [path, selector, text] of VIEWS) {
        await page.goto(url + path);
        await reads(page, selector, text);
        if (await page.evaluate("document.documentElement.scrollWidth > innerWidth")) wide.push(path);
      }
      expect(wide).toEqual([]);
      await page.context().close();
    });
  });

  test("5 000 services: the first view takes under a second of the browser's script time", async () => {
    const fleet = await openFleet(5_000);
    try {
      const { page, errors } = await openPage(browser, "about:blank");
      const scriptMs = await scriptMsOf(page);
      await page.goto(fleet.url);
      await page.waitForSelector(".fleet-body .fleet-row");
      const first = await scriptMs();
      await page.waitForSelector('.fleet-table[aria-rowcount="5001"]');
      const all = await scriptMs();
      console.log(`5 000 services: ${first} ms of script to the first view, ${all} ms until all are listed`);
      expect(all).toBeLessThan(1_000);
      expect(await page.locator(".fleet-body .fleet-row").count()).toBeLessThan(60);
      // Deep in the list, and by a filter.
      await page.evaluate("scrollTo(0, document.body.scrollHeight)");
      await reads(page, ".fleet-body .fleet-row", "svc-");
      await page.getByPlaceholder("Find a service").fill("svc-4999");
      await until("one row", async () => (await page.locator(".fleet-body .fleet-row").count()) === 1);
      expect(page.url()).toContain("?q=svc-4999");
      expect(errors).toEqual([]);
    } finally {
      await fleet.close();
    }
  });
});

const focused = (page: Page): Promise<string> => page.evaluate("document.activeElement.textContent");

/** Many services of one controller, each with a rollout under way: all is real but what runs and who asks. */
async function openFleet(services: number): Promise<{ readonly url: string; close(): Promise<void> }> {
  const clock = createVirtualClock();
  const close = (): Promise<void> => Promise.resolve();
  const controller = new Controller({
    clock,
    journal: await createKeptStore().open(),
    factory: {
      workload: async () => ({ workload: createMemoryWorkload({ clock }), close, remove: close }),
      router: async () => {
        const plane = createPlane({ clock });
        return { router: plane, metrics: plane, close };
      },
    },
    tell: (event) => desk.feed.told(event),
  });
  const desk = deskOf(controller, clock);
  const strategy = "{ canary: { steps: [{ weight: 25%, hold: 10h }] } }";
  const all = Array.from({ length: services }, (_, index) => rolloutOf(fileOf(`svc-${index}`, 2, { strategy })));
  const sent = all.map((spec, index) =>
    controller.send(spec.metadata.name, applyOf(spec, { id: `c${index}`, revision: "v1" })),
  );
  await Promise.all([...sent, clock.advance(ms(1_000))]);
  const door = await openDoor(desk, testKeeper(), { browser: true });
  return {
    url: door.url,
    close: async () => {
      desk.feed.close();
      await door.close(() => controller.stop());
    },
  };
}
