// Where do the tests run a real Prometheus and a real Alertmanager, and what do these watch?
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";

const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

export const HAS_PROMETHEUS = has("prometheus");
export const HAS_ALERTMANAGER = has("prometheus-alertmanager");

/** How long a program may take to start, or an alert to come or go, on a machine that has much else to do. */
export const LIMIT = { timeout: 40_000, interval: 100 };

type Program = "prometheus" | "prometheus-alertmanager";

/** The gauge as a metrics page, by arm. */
type Gauge = Record<"canary" | "stable", number>;

const RULES = `groups:
  - name: shop
    rules:
      - alert: TooSlow
        expr: shop_slowness > 5
        for: 0s
        labels: { severity: page }
      - alert: SlowForHours
        expr: shop_slowness > 5
        for: 2h
`;

/** The programs and the folder of one test. */
export class Monitor {
  readonly gauge: Gauge = { canary: 0, stable: 0 };
  readonly #children = new Map<Program, ChildProcess>();
  #dir = "";
  #page: Server | undefined;

  /** Its address, once it has looked at the gauge and found that no rule holds. */
  async prometheus(alertmanager?: string): Promise<string> {
    const page = await this.#serve();
    const dir = await this.#folder();
    await writeFile(join(dir, "rules.yml"), RULES);
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [join(dir, "rules.yml")],
      scrape_configs: [{ job_name: "shop", static_configs: [{ targets: [page] }] }],
      ...(alertmanager && {
        alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
      }),
    };
    // YAML reads JSON.
    await writeFile(join(dir, "prometheus.yml"), JSON.stringify(config));
    const address = await this.#start("prometheus", [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "tsdb")}`,
      "--web.listen-address=127.0.0.1:0",
    ]);
    await vi.waitFor(async () => {
      const answer = await fetch(`${address}/api/v1/query?query=shop_slowness`);
      const { data } = (await answer.json()) as { data: { result: unknown[] } };
      if (data.result.length !== 2) throw new Error("Prometheus has not read the gauge yet");
    }, LIMIT);
    return address;
  }

  async alertmanager(): Promise<string> {
    const dir = await this.#folder();
    const config = { route: { receiver: "nobody" }, receivers: [{ name: "nobody" }] };
    await writeFile(join(dir, "alertmanager.yml"), JSON.stringify(config));
    return this.#start("prometheus-alertmanager", [
      `--config.file=${join(dir, "alertmanager.yml")}`,
      `--storage.path=${join(dir, "alertmanager")}`,
      "--cluster.listen-address=",
      "--web.listen-address=127.0.0.1:0",
    ]);
  }

  async end(program: Program): Promise<void> {
    await end(this.#children.get(program));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children.values()].map(end));
    const page = this.#page;
    page?.closeAllConnections();
    if (page) await new Promise((resolve) => page.close(resolve));
    if (this.#dir !== "") await rm(this.#dir, { recursive: true, force: true });
  }

  /** It finds a free port by itself, and its log says which. */
  async #start(program: Program, args: readonly string[]): Promise<string> {
    const file = join(await this.#folder(), `${program}.log`);
    const log = createWriteStream(file);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#children.set(program, child);
    // Also when the test's own process ends before `close`.
    process.once("exit", () => child.kill("SIGKILL"));
    child.stderr?.pipe(log);
    return vi.waitFor(async () => {
      const text = await readFile(file, "utf8");
      const port = /"?Listening on"? .*127\.0\.0\.1:(\d+)/u.exec(text)?.[1];
      if (port === undefined) throw new Error(`${program} does not listen: ${text.slice(-2_000)}`);
      return `http://127.0.0.1:${port}`;
    }, LIMIT);
  }

  async #folder(): Promise<string> {
    if (this.#dir === "") this.#dir = await mkdtemp(join(tmpdir(), "serin-alerts-"));
    return this.#dir;
  }

  async #serve(): Promise<string> {
    const page = createServer((_, response) => {
      response.setHeader("content-type", "text/plain; version=0.0.4");
      const lines = Object.entries(this.gauge).map(([arm, value]) => `shop_slowness{arm="${arm}"} ${value}\n`);
      response.end(`# TYPE shop_slowness gauge\n${lines.join("")}`);
    });
    this.#page = page;
    await new Promise<void>((resolve) => {
      page.listen(0, "127.0.0.1", resolve);
    });
    return `127.0.0.1:${(page.address() as AddressInfo).port}`;
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  child.kill("SIGKILL");
  await ended;
}
