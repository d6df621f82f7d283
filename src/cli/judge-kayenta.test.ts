// Does the command say what the judge says, and refuse what it should?
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { judgeKayentaCommand } from "./judge-kayenta.ts";

const many = (level: number): number[] => Array.from({ length: 60 }, (_, i) => level + ((i * 37) % 17) / 10);

interface Metric {
  readonly name: string;
  readonly canary?: object;
  readonly tags?: object;
  readonly experiment: readonly number[];
  readonly control: readonly number[];
}

function requestOf(...metrics: readonly Metric[]): string {
  return JSON.stringify({
    canaryConfig: {
      metrics: metrics.map(({ name, canary }) => ({ name, groups: [name], analysisConfigurations: { canary } })),
      classifier: { groupWeights: {} },
    },
    metricSetPairList: metrics.map(({ name, tags, experiment, control }) => ({
      name,
      id: `id-${name}`,
      tags,
      values: { experiment, control },
    })),
    scoreThresholds: { pass: 95, marginal: 50 },
  });
}

const CPU: Metric = { name: "cpu", tags: { zone: "a" }, experiment: many(10), control: many(10.05) };
const SLOW: Metric = { name: "latency", experiment: many(20), control: many(10) };
const ONE: Metric = { name: "errors", canary: { critical: true }, experiment: [1], control: [0] };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-judge-"));
  const files = {
    pass: requestOf(CPU),
    marginal: requestOf(CPU, SLOW),
    fail: requestOf({ ...SLOW, canary: { critical: true } }, CPU),
    thin: requestOf(CPU, ONE),
    bad: requestOf({ ...CPU, canary: { critical: "true" } }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `${name}.json`), text);
});
afterAll(() => rm(folder, { recursive: true }));

async function said(name: string, options: { readonly strict?: boolean; readonly json?: boolean } = {}) {
  let [out, err] = ["", ""];
  const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), color: false };
  const file = name === "-" ? "-" : join(folder, name);
  const code = await judgeKayentaCommand({ file, strict: false, json: false, ...options }, io);
  return { code, out: out.replaceAll(folder, ""), err: err.replaceAll(folder, "") };
}

test("a table for people", async () => {
  const { code, out, err } = await said("fail.json");
  expect(code).toBe(3);
  expect(err).toBe("");
  expect(out.split("\n")).toEqual([
    "metric        groups   classification  ratio   canary mean  baseline mean  points  reason",
    "latency       latency  High, critical  1.928   20.77        10.78          60/60   The metric latency was classified as High (Critical)",
    "cpu {zone=a}  cpu      Pass            0.9954  10.78        10.83          60/60",
    "",
    "group    score",
    "cpu      100",
    "latency  0",
    "",
    "score 0.0, Fail: Canary Failed: The metric latency was classified as High (Critical)",
  ]);
});

test("exit codes: pass, marginal, fail", async () => {
  expect((await said("pass.json")).code).toBe(0);
  expect((await said("marginal.json")).code).toBe(4);
  expect((await said("marginal.json")).out).toContain("score 50.0, Marginal");
  expect((await said("fail.json", { strict: true })).code).toBe(3);
});

test("strict refuses a pass that rests on lack of data, and only that", async () => {
  expect((await said("pass.json", { strict: true })).code).toBe(0);
  expect((await said("thin.json")).code).toBe(0);
  const { code, out } = await said("thin.json", { strict: true });
  expect(code).toBe(4);
  expect(out).toContain(`score 100.0, Pass

Refused: Kayenta calls this a pass, but it rests on lack of data.
  - The group errors has no metric that could be compared, and counts as 100.
  - errors could not be compared and is left out, as if it did not exist.`);
});

test("json is Kayenta's answer and nothing else", async () => {
  const { code, out, err } = await said("thin.json", { json: true, strict: true });
  expect(code).toBe(4);
  // As the Java virtual machine writes it.
  expect(out).toBe(
    '{"judgeName":"NetflixACAJudge-v1.0","results":[{"name":"cpu","tags":{"zone":"a"},"id":"id-cpu","classification":"Pass",' +
      '"groups":["cpu"],"experimentMetadata":{"stats":{"count":60,"mean":10.775,"min":10.0,"std":0.4949319419057979,"max":11.6}},' +
      '"controlMetadata":{"stats":{"count":60,"mean":10.825000000000001,"min":10.05,"std":0.4949319419057979,"max":11.65}},' +
      '"resultMetadata":{"ratio":0.9953810623556582},"critical":false,"muted":false},' +
      '{"name":"errors","id":"id-errors","classification":"Error","classificationReason":"Metric Classification Failed",' +
      '"groups":["errors"],"experimentMetadata":{"stats":{"count":1,"mean":1.0,"min":1.0,"std":0.0,"max":1.0}},' +
      '"controlMetadata":{"stats":{"count":1,"mean":0.0,"min":0.0,"std":0.0,"max":0.0}},"critical":false,"muted":false}],' +
      '"groupScores":[{"name":"cpu","score":100.0,"classification":"","classificationReason":""},' +
      '{"name":"errors","score":0.0,"classification":"","classificationReason":""}],' +
      '"score":{"score":100.0,"classification":"Pass","classificationReason":""}}',
  );
  expect(err).toContain("errors could not be compared");
});

test("a wrong request: every mistake, exit code 2", async () => {
  const path = "canaryConfig.metrics[0].analysisConfigurations.canary.critical";
  const message = 'found the text "true", true or false must be here, without quotes: Kayenta itself fails on it';
  expect(await said("bad.json")).toEqual({ code: 2, out: "", err: `/bad.json ${path}  ${message}` });
  const { code, out } = await said("bad.json", { json: true });
  expect(code).toBe(2);
  expect(JSON.parse(out)).toEqual({ ok: false, issues: [{ path, code: "wrong-value", message }] });
});

test("a file that cannot be read", async () => {
  expect(await said("none.json")).toEqual({ code: 2, out: "", err: "/none.json:  there is no such file" });
  expect((await said(".")).err).toContain("found a folder, a judge request must be here");
});

test("standard input", async () => {
  const kept = Object.getOwnPropertyDescriptor(process, "stdin");
  Object.defineProperty(process, "stdin", { value: Readable.from([requestOf(SLOW)]), configurable: true });
  try {
    expect((await said("-")).code).toBe(3);
  } finally {
    if (kept) Object.defineProperty(process, "stdin", kept);
  }
});
