// Is what is exported for the rollouts at hand, and well formed?
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { fileOf } from "../../../test/sim/specs.ts";
import { FAMILIES } from "../../telemetry/metrics/families.ts";
import { alertsFor } from "./alerts.ts";
import { atHandOf } from "./at-hand.ts";
import { rowsFor } from "./dashboard-rows.ts";
import { exportCommand } from "./export.ts";
import { EXPORTERS } from "./exporters.ts";
import { rulesFor } from "./prometheus-rules.ts";

let dir = "";
let files: readonly string[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-export-"));
  files = ["cart", "shop"].map((name) => join(dir, `${name}.yaml`));
  const strategy = "{ canary: { steps: [{ weight: 10%, judge: { atMost: 3h } }] } }";
  for (const [index, file] of files.entries())
    await writeFile(file, fileOf(index === 0 ? "cart" : "shop", 2, { strategy }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** What is printed. */
async function printed(name: string, { json = false, options = {}, of = files } = {}): Promise<string> {
  const exporter = EXPORTERS.find((one) => one.name === name);
  if (!exporter) throw new Error(`no exporter ${name}`);
  const said: string[] = [];
  const io = { out: (text: string) => void said.push(text), err: () => {}, color: false, live: false };
  const code = await exportCommand({ exporter, files: of, options }, { io, json, state: join(dir, "state") });
  expect(code).toBe(0);
  return said.join("\n");
}

describe("the rollouts at hand", () => {
  test("are those of the files", async () => {
    const at = await atHandOf(files, join(dir, "state"));
    expect(at.services).toEqual(["cart", "shop"]);
    expect(at.units).toContain("share");
    expect(at.longestJudgeMs).toBe(3 * 3_600_000);
  });

  test("are all there will be where nothing has run yet", async () => {
    expect(await atHandOf([], join(dir, "state"))).toEqual({ services: [], units: [], rollouts: [] });
  });

  test("a file with mistakes is refused with them", async () => {
    const file = join(dir, "wrong.yaml");
    await writeFile(file, "kind: Rollout\n");
    await expect(atHandOf([file], join(dir, "state"))).rejects.toThrow(/SERIN_BAD_FILE .*wrong\.yaml/u);
  });
});

test("rules name the services, and wait as long as a judgement may take", async () => {
  const text = await printed("prometheus-rules");
  expect(text).toContain('serin_rollout_blind{service=~"cart|shop"} == 1');
  expect(text).toContain("> 10800) and on (service)");
  expect(await printed("prometheus-rules", { of: [] })).toContain("serin_rollout_blind == 1");
  expect(JSON.parse(await printed("prometheus-rules", { json: true }))).toEqual(rulesFor(await atHandOf(files, "")));
});

test("every alert says what it means and what to do", () => {
  for (const { annotations } of alertsFor({ services: [], units: [], rollouts: [] }))
    for (const text of Object.values(annotations)) expect(text.length).toBeGreaterThan(10);
});

test("the address of the metrics is the one that is named, or the usual one", async () => {
  expect(await printed("prometheus-scrape")).toContain("url: http://127.0.0.1:9464/targets");
  const named = await printed("prometheus-scrape", { options: { metrics: "10.0.0.1:9000" } });
  expect(named).toContain("- 10.0.0.1:9000");
  expect(named).toContain("url: http://10.0.0.1:9000/targets");
  await expect(printed("prometheus-scrape", { options: { metrics: "nowhere" } })).rejects.toThrow("SERIN_BAD_OPTION");
});

test("three objects for the Prometheus Operator", async () => {
  const options = { namespace: "delivery", service: "serin", port: "9464" };
  const documents = parseAllDocuments(await printed("service-monitor", { options }));
  const objects = documents.map((document) => document.toJS() as { kind: string; metadata: { namespace: string } });
  expect(objects.map(({ kind }) => kind)).toEqual(["ServiceMonitor", "PrometheusRule", "ScrapeConfig"]);
  expect(objects.every(({ metadata }) => metadata.namespace === "delivery")).toBe(true);
});

test("what is installed is printed as JSON that kubectl takes, or written into a folder", async () => {
  const options = { format: "yaml", image: "serin:1", namespace: "serin-system", namespaces: [] };
  const list = JSON.parse(await printed("install", { json: true, options })) as { kind: string; items: unknown[] };
  expect(list.kind).toBe("List");
  expect(list.items.length).toBe(parseAllDocuments(await printed("install", { options })).length);
  const out = join(dir, "chart");
  const written = (await printed("install", { options: { ...options, format: "helm", out } })).split("\n");
  expect(written).toContain(join(out, "templates", "access.yaml"));
  expect(await readFile(join(out, "Chart.yaml"), "utf8")).toContain("name: serin\n");
});

interface Board {
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  }[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly allValue?: string }[] };
}

test("panels of the dashboard lie beside each other, none upon another, each with a number of its own", async () => {
  const { panels, templating } = JSON.parse(await printed("grafana")) as Board;
  expect(templating.list.map(({ name }) => name)).toEqual(["datasource", "service"]);
  expect(templating.list.at(-1)?.allValue).toBe("cart|shop");
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

test("every family of a rollout's evidence is in the dashboard, and nothing that is not told", () => {
  const text = JSON.stringify(rowsFor({ services: [], units: ["share"], rollouts: [] }));
  const named = new Set(text.match(/\bserin_(?:service|rollout)_\w+/gu));
  const known = FAMILIES.map(({ name }) => name);
  expect([...named].filter((name) => !known.includes(name))).toEqual([]);
  const shown = known.filter((name) => /_(?:evidence|metric|verdict|share)_/u.test(name));
  expect(shown.filter((name) => !named.has(name))).toEqual([]);
});
