// Do people who log in see in the dashboard what they may, and do no more than that, in real browsers?
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { newToken } from "../../src/api/access/tokens.ts";
import { freePort } from "../proxy/parts.ts";
import { makeCertificate } from "../support/certificates.ts";
import { openProvider, type TestProvider } from "../support/oidc.ts";
import {
  answer,
  act,
  buildDashboard,
  HAS_CHROMIUM,
  openBrowser,
  openPage,
  reads,
  violations,
  type Watched,
} from "./browser.ts";
import { makePlace, rolloutFile, start, until, type Place } from "./harness.ts";

const dan = newToken();
const CANARY = "canary: { steps: [{ weight: 20%, gate: has somebody looked }, { weight: 50%, hold: 10m }] }";

const fileOf = (version: string): string =>
  rolloutFile(version, { replicas: 1, strategy: CANARY, analysis: "  analysis: { enabled: false }" }).replace(
    "name: app",
    "name: app, labels: { environment: production }",
  );

describe.skipIf(!HAS_CHROMIUM)("people at the dashboard", () => {
  let browser: Browser;
  let place: Place;
  let origin: string;
  let provider: TestProvider;
  let controller: ChildProcess;
  const opened: Watched[] = [];

  const access = (approvals: number): string => `
origin: ${origin}
tokens: [{ actor: dan, sha256: ${dan.sha256}, groups: [leads] }]
oidc: { issuer: "${provider.issuer}", clientId: ${provider.clientId}, clientSecret: { file: oidc.secret } }
grants:
  - { who: { groups: [sre] }, role: operate, services: app, environments: production }
  - { who: { groups: [leads, sre] }, role: approve, services: app }
  - { who: { groups: [viewers] }, role: view, services: app }
fourEyes: [{ environments: production, approvals: ${approvals} }]
`;

  const serve = async (): Promise<void> => {
    const tls = ["--tls-cert", join(place.dir, "serin.pem"), "--tls-key", join(place.dir, "serin.key")];
    const options = ["--access", join(place.dir, "access.yaml"), "--state", place.state, ...tls];
    controller = start(["serve", "--listen", new URL(origin).host, ...options]);
    let said = "";
    controller.stdout?.on("data", (part: Buffer) => (said += part.toString()));
    controller.stderr?.on("data", (part: Buffer) => (said += part.toString()));
    await until(
      "the controller serves",
      async () => {
        if (controller.exitCode !== null) throw new Error(`serve ended: ${said}`);
        return said.includes("dashboard and API at");
      },
      60_000,
    );
  };

  beforeAll(async () => {
    buildDashboard();
    browser = await openBrowser();
    place = await makePlace();
    makeCertificate(place.dir, "serin", "serin");
    origin = `https://127.0.0.1:${await freePort()}`;
    const people = { ann: ["sre"], ben: ["leads"], eve: ["viewers"] };
    provider = await openProvider(people, `${origin}/v1/login/callback`);
    await place.write("oidc.secret", `${provider.clientSecret}\n`);
    await place.write("access.yaml", access(1));
    await serve();
  });
  afterEach(async () => {
    for (const { page } of opened.splice(0)) await page.context().close();
  });
  afterAll(async () => {
    await browser?.close();
    controller?.kill("SIGKILL");
    await place?.remove();
    await provider?.close();
  });

  const open = async (path: string): Promise<Page> => {
    const watched = await openPage(browser, `${origin}${path}`, { ignoreHTTPSErrors: true });
    opened.push(watched);
    return watched.page;
  };

  /** Fills in the provider's pages. */
  const atProvider = async (page: Page, login: string): Promise<void> => {
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill("any");
    await page.locator("button[type=submit]").click();
    await page.locator("form[action$=confirm] button, button[autofocus]").first().click();
  };
  const loggedIn = async (login: string, path: string): Promise<Page> => {
    const page = await open(path);
    await reads(page, "h1", "Sign in");
    await page.getByRole("link", { name: "Sign in" }).click();
    await atProvider(page, login);
    await page.waitForURL(`${origin}${path}`);
    await reads(page, ".actor", `${login}@example.com`);
    return page;
  };
  const withToken = async (path: string): Promise<Page> => {
    const page = await open(path);
    await page.getByLabel("Token").fill(newToken().token);
    await page.getByRole("button", { name: "Sign in with it" }).click();
    await reads(page, ".trouble", "a token that nobody has");
    await page.getByLabel("Token").fill(dan.token);
    await page.getByRole("button", { name: "Sign in with it" }).click();
    await reads(page, ".actor", "dan");
    expect(page.url()).toBe(`${origin}${path}`);
    return page;
  };

  /** Plans a file and starts it, as a person does. */
  const startFrom = async (page: Page, text: string): Promise<void> => {
    await page.goto(`${origin}/plan`);
    await page.getByLabel("Rollout file").fill(text);
    await page.getByLabel("Folder that").fill(place.dir);
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await reads(page, ".plan-text", /2 people who have not started this|canary/u);
    await page.getByRole("button", { name: "Start …" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("ship it");
    await dialog.getByRole("button", { name: "Start" }).click();
    await page.waitForURL(`${origin}/services/app`);
  };

  const why = async (page: Page, label: string): Promise<string> => {
    const button = page.getByRole("button", { name: label, exact: true }).first();
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    const id = (await button.getAttribute("aria-describedby")) ?? "";
    return (await page.locator(`[id="${id}"]`).textContent()) ?? "";
  };

  test("a rollout is started from the plan, and a gate opens by two others in browsers of their own", async () => {
    const ann = await loggedIn("ann", "/plan");
    await startFrom(ann, fileOf("v1"));
    await reads(ann, ".gate", "Shall everybody get it?");
    const [ben, dans] = [await loggedIn("ben", "/services/app"), await withToken("/services/app")];
    await answer(ben, "Approve", "the first one");
    await reads(ann, ".service-head .pill", "promoted");

    await startFrom(ann, fileOf("v2"));
    await reads(ann, ".gate", /Has somebody looked\?[\s\S]*0 of 1; 1 missing/u);
    // The access file asks for more, also of what is under way.
    await place.write("access.yaml", access(2));
    await reads(ann, ".gate", "0 of 2; 2 missing");
    // Whoever may say go may say no.
    expect(await answer(dans, "Refuse", "the wrong day")).toContain("within 30 s");
    await reads(ann, ".service-head .pill", "stopped");
    await act(ann, "Retry", "the right day");
    await reads(ann, ".gate", "0 of 2; 2 missing");
    expect(await reads(ann, ".gate", "group leads")).toContain("ann@example.com, who cannot approve it");
    expect(await why(ann, "Approve")).toBe("Not now: you have started it, and somebody else must approve it.");
    expect(await answer(ben, "Approve", "looks well")).toContain("1 more is needed before anything changes");
    await reads(ann, ".gate", /approved by\s*ben@example\.com/u);
    expect(await why(ben, "Approve")).toBe("Not now: you have approved it already, and nobody does so twice.");
    expect(await violations(ben)).toEqual([]);
    expect(await answer(dans, "Approve", "to me, too")).toMatch(/The gate opens\. Then: .*50%/u);
    await reads(ann, ".shares", /canary\s+50%\s+50%/u);
    // An approver says go or no, and operates nothing.
    expect(await why(dans, "Pause")).toMatch(
      /^Not for you: it takes the role operate for app in production, granted to group sre\.$/u,
    );
    expect(await act(ann, "Pause", "a look")).toContain("The canary goes on getting 50%");
    await reads(dans, ".notice.held", "Paused by ann@example.com: a look");
    await act(ann, "Resume", "seen");
    expect(await act(dans, "Abort", "not today")).toContain("within 30 s");
    await reads(ann, ".service-head .pill", "stopped");
  });

  test("a viewer is told why not, by eye, keyboard and screen reader, and a forged call is refused", async () => {
    const eve = await loggedIn("eve", "/services/app");
    await reads(eve, ".not-yours", /Retry.*: it takes the role operate for app in production, granted to group sre/u);
    expect(await why(eve, "Retry")).toContain("Not for you: it takes the role operate");
    const button = eve.getByRole("button", { name: "Retry", exact: true });
    await button.focus();
    expect(await eve.locator(".held-why", { hasText: "role operate" }).first().isVisible()).toBe(true);
    await eve.keyboard.press("Enter");
    expect(await eve.locator("dialog").count()).toBe(0);
    expect(await violations(eve)).toEqual([]);
    const forged = await eve.evaluate(async () => {
      const { csrf } = (await (await fetch("/v1/whoami")).json()) as { csrf: string };
      const headers = { "content-type": "application/json", "x-serin-csrf": csrf };
      const call = { method: "POST", headers, body: JSON.stringify({ kind: "retry", reason: "forged" }) };
      const answered = await fetch("/v1/services/app/commands", call);
      return { status: answered.status, text: await answered.text() };
    });
    expect(forged).toEqual({ status: 403, text: expect.stringContaining("SERIN_FORBIDDEN") });
    await eve.goto(`${origin}/plan`);
    await expect.poll(() => why(eve, "Plan")).toBe("It takes the role operate for a service, which you have for none.");
  });

  test("a login outlives a restart; one that ends in mid-view is said, and the page goes on where it was", async () => {
    const ben = await loggedIn("ben", "/services/app/history");
    await reads(ben, ".history", "app/2");
    controller.kill("SIGTERM");
    await reads(ben, ".reach", "cut off");
    await until("the controller has ended", async () => controller.exitCode !== null);
    await serve();
    await reads(ben, ".reach", "live");
    const tab = await ben.context().newPage();
    await tab.goto(`${origin}/services/app`);
    await reads(tab, ".actor", "ben@example.com");
    // Once here, and so for both.
    await tab.getByRole("button", { name: "Sign out" }).click();
    await tab.waitForURL(`${provider.issuer}/session/end?*`);
    await reads(ben, "dialog h2", "Your login has ended");
    expect(await violations(ben)).toEqual([]);
    await ben.keyboard.press("Escape");
    await reads(ben, ".history", "app/2");
    await ben.getByRole("dialog").getByRole("link", { name: "Sign in", exact: true }).click();
    // The provider knows ben still.
    await ben.waitForURL(`${origin}/services/app/history`);
    await reads(ben, ".actor", "ben@example.com");
    // A token that is typed brings nobody away from where they are.
    await ben.getByRole("button", { name: "Sign out" }).click();
    await ben.waitForURL(`${provider.issuer}/session/end?*`);
    const dans = await withToken("/services/app/history");
    const other = await dans.context().newPage();
    await other.goto(origin);
    await other.getByRole("button", { name: "Sign out" }).click();
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await reads(dans, "dialog h2", "Your login has ended");
    await dans.getByRole("dialog").getByLabel("Token").fill(dan.token);
    await dans.getByRole("button", { name: "Sign in with it" }).click();
    await until("it goes on", async () => (await dans.locator("dialog").count()) === 0);
    await reads(dans, ".history", "app/2");
  });
});
