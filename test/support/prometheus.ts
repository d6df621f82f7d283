// Where does a real Prometheus run in tests, and what has it got to say?
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { openSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../e2e/harness.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

export const HAS_PROMETHEUS = has("prometheus") && has("promtool");

/** One series of an answer, with its values in order of time. */
export interface Answered {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [atS: number, value: string])[];
}

export interface Prometheus {
  readonly url: string;
  /** Evaluates an expression over the last seconds, second by second. Throws Prometheus' own words for a bad one. */
  range(expr: string, seconds: number): Promise<readonly Answered[]>;
  close(): Promise<void>;
}

interface Setup {
  /** `prometheus.yml`, as data. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly rules?: unknown;
}

/** Starts it on a free port of its own choice, with a folder of its own. */
export async function startPrometheus({ config, rules }: Setup): Promise<Prometheus> {
  const dir = await mkdtemp(join(tmpdir(), "serin-prometheus-"));
  const [yml, log] = [join(dir, "prometheus.yml"), join(dir, "log")];
  // YAML reads JSON.
  if (rules !== undefined) await writeFile(join(dir, "rules.yml"), JSON.stringify(rules));
  await writeFile(yml, JSON.stringify({ ...config, ...(rules === undefined ? {} : { rule_files: ["rules.yml"] }) }));
  const file = openSync(log, "w");
  const args = [`--config.file=${yml}`, `--storage.tsdb.path=${join(dir, "tsdb")}`, "--web.listen-address=127.0.0.1:0"];
  const child = spawn("prometheus", args, { stdio: ["ignore", file, file] });
  closeSync(file);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const url = await until("a Prometheus that listens", () => addressIn(child, log), 30_000);
    return { url, range: (expr, seconds) => range(url, expr, seconds), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function addressIn(child: ChildProcess, log: string): Promise<string | undefined> {
  const text = await readFile(log, "utf8");
  if (child.exitCode !== null) throw new Error(`Prometheus ended: ${text.slice(-2_000)}`);
  const port = /"?Listening on"? .*127\.0\.0\.1:(\d+)/u.exec(text)?.[1];
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
}

async function range(url: string, query: string, seconds: number): Promise<readonly Answered[]> {
  const end = Date.now() / 1_000;
  const fields = { query, start: String(end - seconds), end: String(end), step: "1" };
  const answer = await fetch(`${url}/api/v1/query_range`, { method: "POST", body: new URLSearchParams(fields) });
  const { status, error, data } = (await answer.json()) as {
    status: string;
    error?: string;
    data?: { result: readonly Answered[] };
  };
  if (status !== "success" || !data) throw new Error(`${query}: ${error}`);
  return data.result;
}
