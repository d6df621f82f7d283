// Where do the tests run a real Prometheus that scrapes whoever they name, and what has it got to say?
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";

const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

export const HAS_PROMETHEUS = has("prometheus") && has("promtool");

/** How long a program may take to start, or a sample to come, on a machine that has much else to do. */
export const LIMIT = { timeout: 30_000, interval: 100 };

/** Labels that targets get besides `job` and `instance`. */
export interface Targets {
  readonly targets: readonly string[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

interface Setting {
  /** Its `--web.config.file`: users, certificates. */
  readonly webConfig?: object | undefined;
  readonly features?: string | undefined;
  /** Further jobs that scrape the same targets. */
  readonly jobs?: readonly string[] | undefined;
  /** Instead: a `prometheus.yml` of the test's own, as data. */
  readonly config?: object | undefined;
  /** Rules, as data. */
  readonly rules?: unknown;
}

/** One series of an answer, with its values in order of time. */
export interface Answered {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [atS: number, value: string])[];
}

/** One Prometheus, in a folder of its own. It keeps its data and its port when it is stopped and started again. */
export class PrometheusServer {
  readonly #setting: Setting;
  readonly #scheme: string;
  #dir = "";
  #port = "0";
  #child: ChildProcess | undefined;
  readonly #killed = (): void => void this.#child?.kill("SIGKILL");

  constructor(setting: Setting = {}) {
    this.#setting = setting;
    this.#scheme = setting.webConfig && "tls_server_config" in setting.webConfig ? "https" : "http";
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  async start(groups: readonly Targets[] = []): Promise<string> {
    if (this.#dir === "") this.#dir = await mkdtemp(join(tmpdir(), "serin-prometheus-"));
    const { webConfig, features, jobs = ["shop"], rules } = this.#setting;
    const at = (name: string) => join(this.#dir, name);
    const sd = { files: [at("targets.json")], refresh_interval: "1s" };
    const usual = {
      global: { scrape_interval: "1s", scrape_timeout: "1s" },
      scrape_configs: jobs.map((job_name) => ({ job_name, file_sd_configs: [sd] })),
    };
    if (rules !== undefined) await writeFile(at("rules.yml"), JSON.stringify(rules));
    const config = {
      ...(this.#setting.config ?? usual),
      ...(rules === undefined ? {} : { rule_files: ["rules.yml"] }),
    };
    // YAML reads JSON.
    await writeFile(at("prometheus.yml"), JSON.stringify(config));
    if (webConfig) await writeFile(at("web.yml"), JSON.stringify(webConfig));
    if (groups.length > 0) await this.scrape(groups);
    const child = spawn(
      "prometheus",
      [
        `--config.file=${at("prometheus.yml")}`,
        `--storage.tsdb.path=${at("tsdb")}`,
        `--web.listen-address=127.0.0.1:${this.#port}`,
        ...(webConfig ? [`--web.config.file=${at("web.yml")}`] : []),
        ...(features ? [`--enable-feature=${features}`] : []),
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#child = child;
    // Also when the test's own process ends before `stop`.
    process.once("exit", this.#killed);
    const log = at(`log-${child.pid ?? 0}`);
    child.stderr?.pipe(createWriteStream(log));
    this.#port = await vi.waitFor(async () => {
      const text = await readFile(log, "utf8");
      const port = /Listening on.*127\.0\.0\.1:(\d+)/u.exec(text)?.[1];
      if (port === undefined || !text.includes("ready to receive web requests"))
        throw new Error(`prometheus does not listen: ${text.slice(-1_500)}`);
      return port;
    }, LIMIT);
    return this.url;
  }

  /** Whom it scrapes from now on. */
  async scrape(groups: readonly Targets[]): Promise<void> {
    const file = join(this.#dir, "targets.json");
    await writeFile(`${file}.new`, JSON.stringify(groups));
    await rename(`${file}.new`, file);
  }

  /** Evaluates an expression over the last seconds, second by second. Throws Prometheus' own words for a bad one. */
  async range(query: string, seconds: number): Promise<readonly Answered[]> {
    const end = Date.now() / 1_000;
    const fields = { query, start: String(end - seconds), end: String(end), step: "1" };
    const answer = await fetch(`${this.url}/api/v1/query_range`, { method: "POST", body: new URLSearchParams(fields) });
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data?: { result: readonly Answered[] };
    };
    if (status !== "success" || !data) throw new Error(`${query}: ${error}`);
    return data.result;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    process.removeListener("exit", this.#killed);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    // Data that was not written down yet is in its log of writes.
    child.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    if (this.#dir !== "") await rm(this.#dir, { recursive: true, force: true });
  }
}
