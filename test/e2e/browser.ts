// How does a test look at the dashboard as a person does, in a real browser?
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { until } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../..");

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const CHROMIUM = spawnSync("sh", ["-c", "command -v chromium || command -v google-chrome"], { encoding: "utf8" });

/** Whether there is a browser; tests that need one are skipped by name where there is none. */
export const HAS_CHROMIUM = CHROMIUM.status === 0;

/** Builds the dashboard when it is absent or older than its source. */
export function buildDashboard(): void {
  execFileSync(process.execPath, [join(ROOT, "tools/dashboard.ts")], { stdio: "inherit" });
}

export function openBrowser(): Promise<Browser> {
  const executablePath = CHROMIUM.stdout.trim();
  // A container's root has no sandbox to give.
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
}

/** A page, and whatever went wrong in it. */
export interface Watched {
  readonly page: Page;
  /** Errors of its scripts, and what its policy refused. */
  readonly errors: string[];
  /** Addresses outside of its own server that it asked. */
  readonly foreign: string[];
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(READS_MS);
  const page = await context.newPage();
  const [errors, foreign]: [string[], string[]] = [[], []];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    // What the server refuses is told here too, and is looked for in the page.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      errors.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(page.url()).origin && !request.isNavigationRequest())
      foreign.push(request.url());
  });
  await page.goto(url);
  return { page, errors, foreign };
}

/** Measures a page from here on: how long a processor has run its scripts so far, in milliseconds, whoever else has it meanwhile. */
export async function scriptMsOf(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Math.round(1_000 * (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? NaN));
  };
}

/** The longest wait is for a promotion. */
const READS_MS = 60_000;

/** Waits until the page says something, and answers it. Throws with what it says instead. */
export async function reads(page: Page, selector: string, text: string | RegExp): Promise<string> {
  let all: readonly string[] = [];
  const look = async (): Promise<string | undefined> => {
    all = await page.locator(selector).allInnerTexts();
    return all.find((each) => (typeof text === "string" ? each.includes(text) : text.test(each)));
  };
  return until(`${selector} reads ${text}`, look, READS_MS).catch((error: unknown) => {
    throw new Error(`${selector} reads ${JSON.stringify(all)}`, { cause: error });
  });
}

/** Presses a button, says why, and confirms. Answers what was said to happen. */
export async function act(page: Page, label: string, reason: string): Promise<string> {
  const button = page.locator(".actions").getByRole("button", { name: label, exact: true });
  if (!(await button.isVisible())) await page.locator(".actions summary").click();
  await button.click();
  return confirm(page, reason);
}

/** The same of a button of the gate that waits. */
export async function answer(page: Page, label: string, reason: string): Promise<string> {
  await page.locator(".gate").getByRole("button", { name: label, exact: true }).click();
  return confirm(page, reason);
}

async function confirm(page: Page, reason: string): Promise<string> {
  const dialog = page.getByRole("dialog");
  const does = await dialog.locator(".does").innerText();
  await dialog.getByLabel("Reason").fill(reason);
  await dialog.locator("button[type=submit]").click();
  return does;
}

/** What axe has to say, with the element that it is of. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations: all } = await page.evaluate<AxeResults>("axe.run()");
  return all.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id} (${help}): ${html}`));
}
