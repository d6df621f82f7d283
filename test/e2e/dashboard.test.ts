// Can a person watch rollouts in a browser, and act on them?
import { connect as connectTo, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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
import { clients, rolloutFile, until, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

/** The first step is long enough to be looked at. */
const JUDGED = "canary: { steps: [{ weight: 5%, hold: 15s }, { weight: 50%, judge: { atMost: 60s } }] }";
const HELD = "canary: { steps: [{ weight: 20%, hold: 10m }, { weight: 50%, hold: 10m }] }";
const ANALYSIS = "  analysis: { falseRollback: 1%, warmup: 0s, metrics: [{ preset: success-rate, margin: 5% }] }";

describe.skipIf(!HAS_CHROMIUM)("the dashboard", () => {
  let browser: Browser;
  let scene: Scene;
  let url: string;
  let load: Clients;
  const opened: Watched[] = [];

  beforeAll(async () => {
    buildDashboard();
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  beforeEach(async () => {
    scene = await openScene();
    ({ url } = JSON.parse(await readFile(join(scene.place.state, "controller.json"), "utf8")) as { url: string });
    const { address = "" } = await scene.ended(await scene.apply(rolloutFile("v1")));
    load = clients(address, 4, 10);
  });
  afterEach(async () => {
    await load.stop();
    await scene.close();
    for (const { page } of opened.splice(0)) await page.context().close();
  });

  const open = async (path: string): Promise<Watched> => {
    const watched = await openPage(browser, `${url}${path}`);
    opened.push(watched);
    return watched;
  };

  test("a rollout is watched from its start to its rollback, and the next one to its promotion", async () => {
    const { page, errors, foreign } = await open("/");
    await reads(page, ".fleet-row", "promoted");
    await scene.apply(rolloutFile("v2", { strategy: JUDGED, analysis: ANALYSIS, env: "FAIL: '0.2'" }));
    // The row changes by itself, and leads to the rollout.
    await reads(page, ".fleet-row", /under way|going back|rolled back/u);
    await page.getByRole("link", { name: "app" }).click();
    await reads(page, ".service-head .pill", "rolled back");
    await reads(page, ".headline .lead", /^app\/2 was rolled back after .*errors/u);
    await reads(page, ".panel.metric .pill", "decided");
    await reads(page, ".service-head .mark", "service well");
    await until("both plots", async () => (await page.locator(".panel.metric canvas").count()) === 2);
    await reads(page, ".decisions", /rolled back|goes back/u);

    await scene.apply(rolloutFile("v3", { strategy: JUDGED, analysis: ANALYSIS }));
    await reads(page, ".service-head .pill", "under way");
    await reads(page, ".shares", /canary\s+5%\s+5%\s+[2-9]\.\d%/u);
    await reads(page, ".steps .now", /Hold for 15s/u);
    await reads(page, ".service-head .pill", "promoted");
    await reads(page, ".headline .lead", /^app\/3 was promoted/u);

    // A deep link shows the same: the report of the one that was rolled back.
    await page.goto(`${url}/services/app/rollouts/2`);
    await reads(page, ".panel .lead", /^app\/2 was rolled back/u);
    for (const [link, name] of [
      ["Page", "app-2.html"],
      ["Markdown", "app-2.md"],
      ["JSON", "app-2.json"],
    ] as const) {
      const saved = page.waitForEvent("download");
      await page.locator(".downloads").getByRole("link", { name: link, exact: true }).click();
      const file = await saved;
      expect(file.suggestedFilename()).toBe(name);
      expect(await readFile(await file.path(), "utf8")).toContain("app/2 was rolled back");
    }
    // Its own style is let through by its policy, and is all that the page has.
    const report = await open("/v1/services/app/rollouts/2/report");
    await reads(report.page, "h1", /^app\/2 was rolled back/u);
    const shown = `[".facts", ".legend"].map((of) => getComputedStyle(document.querySelector(of)).display)`;
    expect(await report.page.evaluate(shown)).toEqual(["grid", "flex"]);
    expect(await violations(report.page)).toEqual([]);
    expect([...report.errors, ...report.foreign]).toEqual([]);
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });

  test("each action says what it does to the traffic, and does it", async () => {
    const { page, errors } = await open("/services/app");
    await scene.apply(rolloutFile("v2", { strategy: HELD }));
    await reads(page, ".steps .now", "Hold");

    expect(await act(page, "Pause", "lunch")).toContain("The canary goes on getting 20% of the requests");
    await reads(page, ".service-head .pill", "paused");
    await reads(page, ".notice.held", /Paused by .*: lunch/u);
    await act(page, "Resume", "back again");
    await reads(page, ".service-head .pill", "under way");

    // Whoever comes later sees what was measured before.
    const startedMs = await scene.see(
      "shares",
      ({ rollout }) => (rollout?.measured?.requests.canary?.length ?? 0) > 6 && rollout?.startedMs,
    );
    const sinceMs = Date.now() - (startedMs || 0);
    const late = await open("/services/app");
    const shares = late.page.locator(".panel figure").first();
    await shares.locator("summary").click();
    const rows = await until("measured shares", async () => {
      const texts = await shares.locator("tbody tr").allInnerTexts();
      const found = texts.flatMap((row) => {
        const [, after, share] = /^([\d.]+)s\t20%\t([\d.]+)%$/u.exec(row) ?? [];
        return after === undefined ? [] : [{ afterMs: 1_000 * Number(after), share: Number(share) }];
      });
      return found.length > 0 && found;
    });
    expect(rows.some(({ afterMs, share }) => afterMs < sinceMs && Math.abs(share - 20) < 12)).toBe(true);
    expect(late.errors).toEqual([]);

    await act(page, "Go on", "seen enough");
    await reads(page, ".shares", /canary\s+50%\s+50%/u);

    expect(await act(page, "Abort", "a hunch")).toContain("The canary goes from 50% to 0% of the requests within 30 s");
    await reads(page, ".service-head .pill", "stopped");
    await reads(page, ".shares", /stable\s+100%\s+100%/u);

    await act(page, "Retry", "it was nothing");
    await reads(page, ".headline .lead", /^app\/3/u);
    await reads(page, ".steps .now", "Hold");
    expect(await act(page, "Promote at once", "trust me")).toContain("The canary goes from 20% to 100%");
    await reads(page, ".service-head .pill", "promoted");

    // Back to a revision of a person's choice.
    const dialog = page.getByRole("dialog");
    await page.getByRole("link", { name: "History" }).click();
    await page.locator(".history li", { hasText: "app/1" }).getByRole("button", { name: "Go back to this" }).click();
    await reads(page, "dialog .does", /of rollout 1, is brought back directly/u);
    await dialog.getByLabel("Reason").fill("not so good after all");
    await dialog.getByRole("button", { name: "Undo" }).click();
    await reads(page, ".headline .lead", /^app\/4/u);
    await reads(page, ".service-head .pill", "promoted");
    await page.getByRole("link", { name: "Overview" }).click();

    await page.locator(".actions").getByRole("button", { name: "Scale" }).click();
    await dialog.getByLabel("Replicas").fill("3");
    await dialog.getByLabel("Reason").fill("more of them");
    await dialog.getByRole("button", { name: "Scale" }).click();
    await reads(page, ".pools", "3 of 3 ready");

    expect(await act(page, "Take down", "the end")).toContain("Nobody answers requests to app any more");
    await until("nothing is left", async () => (await scene.link.list()).length === 0);
    expect(errors).toEqual([]);
  });

  test("two persons at once: the second is told what has changed, and looks again", async () => {
    await scene.apply(rolloutFile("v2", { strategy: HELD }));
    const [first, second] = [await open("/services/app"), await open("/services/app")];
    for (const { page } of [first, second]) await reads(page, ".steps .now", "Hold");
    await second.page.getByRole("button", { name: "Go on" }).click();
    const dialog = second.page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("fine by me");

    await act(first.page, "Pause", "wait for the others");
    await reads(first.page, ".service-head .pill", "paused");
    await dialog.getByRole("button", { name: "Go on" }).click();
    await reads(second.page, "dialog .trouble", "was decided on version");
    await reads(second.page, "dialog .changes", "paused");
    // Nothing was done; what is shown now is that it cannot be done any more.
    expect((await scene.look()).rollout?.paused).toBeDefined();
    await dialog.getByRole("button", { name: "Look again" }).click();
    await reads(second.page, "dialog .does", "It cannot be done now: it is paused");
    await second.page.keyboard.press("Escape");
    await act(second.page, "Resume", "they agree");
    await reads(first.page, ".service-head .pill", "under way");
  });

  test("a stream of events that is cut is said to be, and goes on without loss or doubling", async () => {
    const wire = await openWire(Number(new URL(url).port));
    try {
      const watched = await openPage(browser, `http://127.0.0.1:${wire.port}/services/app/decisions`);
      opened.push(watched);
      const { page } = watched;
      await reads(page, ".reach", "live");
      await scene.apply(rolloutFile("v2", { strategy: HELD }));
      await reads(page, ".decisions", "app/2 brings");
      wire.cut();
      await reads(page, ".reach", "cut off");
      for (const verb of ["pause", "resume", "abort"])
        await scene.say(verb, "app", "--reason", `while ${verb} is unseen`);
      await scene.ended(2);
      wire.mend();
      await reads(page, ".reach", "live");
      await reads(page, ".service-head .pill", "stopped");
      const decided = (await scene.decisions(2)).map(({ text }) => text).toReversed();
      const shown = await until("all decisions", async () => {
        const texts = await page.locator(".panel").first().locator(".decision-text").allInnerTexts();
        return texts.length >= decided.length && texts;
      });
      expect(shown).toEqual(decided);
    } finally {
      await wire.close();
    }
  });
});

/** A wire to a port of this machine that can be cut and mended. */
interface Wire {
  readonly port: number;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

async function openWire(to: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connectTo(to, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    return undefined;
  });
  const destroy = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
      destroy();
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      destroy();
      await closed;
    },
  };
}
