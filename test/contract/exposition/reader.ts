// What does a real Prometheus read from pages that are served to it?
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { PageFormat } from "../../../src/core/exposition/line.ts";

/** A page, byte for byte. */
export interface Case {
  readonly text: string | Buffer;
  readonly format: PageFormat;
}

/** What was made of a page: its series by their text, and what it says of metrics; or why it was refused. */
export type Made =
  | { readonly series: ReadonlyMap<string, string>; readonly told: ReadonlyMap<string, string> }
  | { readonly refused: string };

const PROMETHEUS = "prometheus";
const LIMIT = { timeout: 90_000, interval: 200 };
const TYPE: Readonly<Record<PageFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** Prometheus' own labels and series, which are no part of a page. */
const OWN_LABELS = new Set(["job", "instance", "serin_case"]);
const OWN_SERIES = /^(?:up|scrape_(?:duration_seconds|samples_scraped|samples_post_metric_relabeling|series_added))$/u;

/** How series are told apart: by labels that are not empty, in the order of their names. */
export function keyOf(name: string, labels: Iterable<readonly [string, string]>): string {
  const kept = [...labels].filter(([, value]) => value !== "").toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${name} ${JSON.stringify(kept)}`;
}

export function isOwn(name: string): boolean {
  return OWN_SERIES.test(name);
}

interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly lastError: string;
  readonly health: string;
}

interface Told {
  readonly target: Readonly<Record<string, string>>;
  readonly metric: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

interface Value {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Lets one Prometheus scrape every page as a target of its own, and returns what it made of each, in their order. */
export async function readByPrometheus(cases: readonly Case[]): Promise<readonly Made[]> {
  const dir = await mkdtemp(join(tmpdir(), "serin-pages-"));
  const server = createServer((request, response) => {
    const one = cases[Number(request.url?.slice(1))];
    if (!one) return response.writeHead(404).end();
    return response.writeHead(200, { "content-type": TYPE[one.format] }).end(one.text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const served = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const targets = cases.map((_, index) => ({
    targets: [served],
    labels: { __metrics_path__: `/${index}`, serin_case: String(index) },
  }));
  const scrape = { job_name: "pages", honor_timestamps: false, static_configs: targets };
  const config = { global: { scrape_interval: "10s", scrape_timeout: "10s" }, scrape_configs: [scrape] };
  await writeFile(join(dir, "prometheus.yml"), JSON.stringify(config));
  const file = join(dir, "prometheus.log");
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "tsdb")}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((resolve) => {
    child.once("exit", resolve);
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.stderr.pipe(createWriteStream(file));
  try {
    const address = await vi.waitFor(async () => {
      const text = await readFile(file, "utf8");
      const port = /"?Listening on"? .*127\.0\.0\.1:(\d+)/u.exec(text)?.[1];
      if (port === undefined) throw new Error(`Prometheus does not listen: ${text.slice(-2_000)}`);
      return `http://127.0.0.1:${port}`;
    }, LIMIT);
    const found = await vi.waitFor(async () => {
      const { activeTargets } = await ask<{ activeTargets: readonly Target[] }>(address, "targets?state=active");
      const known = activeTargets.filter(({ health }) => health !== "unknown");
      if (known.length < cases.length) throw new Error(`${known.length} of ${cases.length} pages were scraped`);
      return known;
    }, LIMIT);
    return await madeOf(address, found);
  } finally {
    process.off("exit", kill);
    kill();
    await ended;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(dir, { recursive: true, force: true });
  }
}

async function ask<T>(address: string, what: string): Promise<T> {
  const answer = await fetch(`${address}/api/v1/${what}`);
  const { data, error } = (await answer.json()) as { data?: T; error?: string };
  if (data === undefined) throw new Error(`${what}: ${answer.status} ${error ?? ""}`);
  return data;
}

async function madeOf(address: string, targets: readonly Target[]): Promise<readonly Made[]> {
  const query = encodeURIComponent('{serin_case!=""}');
  const { result } = await ask<{ result: readonly Value[] }>(address, `query?query=${query}`);
  const told = await ask<readonly Told[]>(address, "targets/metadata");
  const series = new Map<string, Map<string, string>>();
  for (const { metric, value } of result) {
    const { __name__: name = "", serin_case: index = "", ...labels } = metric;
    if (isOwn(name)) continue;
    const known = series.get(index) ?? new Map<string, string>();
    series.set(index, known);
    known.set(keyOf(name, Object.entries(labels).flatMap(pagesOwn)), value[1]);
  }
  const families = new Map<string, Map<string, string>>();
  for (const { target, metric, type, help, unit } of told) {
    const index = target["serin_case"] ?? "";
    const known = families.get(index) ?? new Map<string, string>();
    families.set(index, known);
    known.set(metric, JSON.stringify([type, help, unit]));
  }
  return targets
    .toSorted((a, b) => Number(a.labels["serin_case"]) - Number(b.labels["serin_case"]))
    .map(({ labels, health, lastError }) => {
      const index = labels["serin_case"] ?? "";
      if (health !== "up") return { refused: lastError };
      return { series: series.get(index) ?? new Map(), told: families.get(index) ?? new Map() };
    });
}

/** A label of a page that has the name of one of Prometheus' own was renamed. */
function pagesOwn([label, value]: readonly [string, string]): readonly (readonly [string, string])[] {
  if (OWN_LABELS.has(label)) return [];
  const name = label.replace(/^exported_/u, "");
  return [[OWN_LABELS.has(name) ? name : label, value]];
}
