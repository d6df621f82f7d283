// What does the dashboard look like? Takes the pictures of README.md and docs/ from services that really run.
//
//   node tools/dashboard-pictures.ts [--stay]       --stay leaves it open, to look at it by hand, until Ctrl-C
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions } from "playwright-core";
import type { Link, ServiceView } from "../src/api/contract.ts";
import { shopFile } from "../src/cli/demo/file.ts";
import { Load } from "../src/cli/demo/load.ts";
import { hostController } from "../src/cli/home.ts";
import "./dashboard.ts";

const DOCS = join(import.meta.dirname, "../docs");
/** A picture is for a page that loads at once. */
const MOST_BYTES = 150_000;
const BY = { actor: "ann", reason: "release 2026.11" };

/** What is there to be seen: versions of the demo's shop that become this or that. */
const SERVICES = {
  checkout: { version: "v5", hold: "10m", rate: 60 },
  cart: { version: "v2", hold: "20s", rate: 60 },
  catalog: { version: "v5", hold: "10m", rate: 30 },
  search: { version: "v5", hold: "1s", rate: 300 },
} as const;

const fileOf = (name: string, version: string, hold: string): string =>
  shopFile(version)
    .replace("name: shop", `name: ${name}`)
    .replace("replicas: 4", "replicas: 2")
    .replace("hold: 2s", `hold: ${hold}`);

async function until(link: Link, name: string, is: (view: ServiceView) => boolean): Promise<ServiceView> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const view = await link.get(name);
    if (is(view)) return view;
    if (Date.now() > deadline) throw new Error(`${name} does not come as far as its picture needs`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const isOver = ({ rollout, address }: ServiceView): boolean => rollout?.phase === "ended" && address !== undefined;

/** Brings every service to where it shall be seen. */
async function bring(link: Link, dir: string): Promise<readonly Load[]> {
  const loads: Load[] = [];
  for (const [name, { rate }] of Object.entries(SERVICES)) {
    await link.apply({ text: fileOf(name, "v1", "1s"), origin: dir, ...BY });
    const { address = "" } = await until(link, name, isOver);
    loads.push(new Load(address, { rate, most: 64 }));
  }
  for (const [name, { version, hold }] of Object.entries(SERVICES))
    await link.apply({ text: fileOf(name, version, hold), origin: dir, ...BY });
  for (const name of ["cart", "search"]) await until(link, name, isOver);
  await link.command("catalog", { kind: "pause", actor: "ben", reason: "the campaign starts at noon" });
  await until(link, "checkout", ({ rollout }) => (rollout?.trail?.points.length ?? 0) > 40);
  return loads;
}

interface Shot extends BrowserContextOptions {
  readonly path: string;
  readonly file: string;
}

const WIDE = { width: 1280, height: 800 };
const SHOTS: readonly Shot[] = [
  { path: "/", file: "dashboard-fleet.png", viewport: { ...WIDE, height: 420 }, colorScheme: "light" },
  {
    path: "/services/checkout",
    file: "dashboard-rollout.png",
    viewport: { ...WIDE, height: 700 },
    colorScheme: "dark",
  },
];

async function take(browser: Browser, url: string, { path, file, ...options }: Shot): Promise<void> {
  const page = await browser.newPage(options);
  await page.goto(url + path);
  await page.waitForSelector(".pill");
  // The measured share is drawn from what the page itself has seen.
  await page.waitForTimeout(4_000);
  await page.screenshot({ path: join(DOCS, file) });
  await page.close();
  const { size } = await stat(join(DOCS, file));
  console.log(`${file}: ${Math.round(size / 1_000)} kB`);
  if (size > MOST_BYTES) process.exitCode = 1;
}

const dir = await mkdtemp(join(tmpdir(), "serin-pictures-"));
const link = await hostController(dir, { door: { browser: true } });
let loads: readonly Load[] = [];
try {
  loads = await bring(link, dir);
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  for (const shot of SHOTS) await take(browser, link.url ?? "", shot);
  await browser.close();
  if (process.argv.includes("--stay")) {
    console.log(`${link.url}; Ctrl-C ends it`);
    await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  }
} finally {
  await Promise.all(loads.map((load) => load.stop()));
  for (const name of Object.keys(SERVICES))
    await link.remove(name, { actor: "ann", reason: "seen" }).catch(console.error);
  await link.close();
  await rm(dir, { recursive: true, force: true });
}
