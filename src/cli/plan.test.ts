// Is the traffic read as it is written, and the forecast told?
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { REACTION_MS } from "../core/engine/ramp.ts";
import type { Forecast } from "../core/plan/forecast.ts";
import { LOOK_MS } from "../core/plan/forecast-course.ts";
import { PACE } from "../runtime/parts.ts";
import { planCommand, type PlanOptions } from "./plan.ts";
import { readTraffic } from "./plan-traffic.ts";

const FILE = `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop], replicas: 4 } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 5m }, { weight: 50%, judge: { atMost: 20m } }] } }
`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-plan-"));
  await writeFile(join(folder, "shop.yaml"), FILE);
});
afterAll(() => rm(folder, { recursive: true }));

async function said(options: Partial<PlanOptions>) {
  let [out, err] = ["", ""];
  const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), color: false };
  const code = await planCommand({ file: join(folder, "shop.yaml"), json: false, ...options }, io);
  return { code, out, err };
}

test("rates, shares and times as people write them", () => {
  expect(readTraffic({ traffic: "12000/min", errors: "0.1%", p50: "60ms", p99: "1.5s", burst: "3" })).toEqual({
    ok: true,
    traffic: { perSecond: 200, errors: 0.001, latency: { p50Ms: 60, p99Ms: 1_500 }, phi: 5, source: "given" },
  });
  expect(readTraffic({ traffic: "0.5/s" })).toMatchObject({ traffic: { perSecond: 0.5, errors: 0.001 } });
  expect(readTraffic({ traffic: "7200/h" })).toMatchObject({ traffic: { perSecond: 2 } });
  expect(readTraffic({})).toEqual({ ok: true, traffic: undefined });
});

test("every mistake is named", () => {
  const read = readTraffic({ traffic: "200", errors: "0.1", p50: "60", burst: "0" });
  expect(read).toEqual({
    ok: false,
    mistakes: [
      '--traffic: found "200", a rate is written as 200/s or 12000/min',
      '--errors: found "0.1", a share of failing requests is a percentage from 0% to 50%, such as 0.1%',
      '--p50: found "60", a latency is written with its unit, such as 60ms or 1.5s',
      '--burst: found "0", a number of failures that come together, from 1 to 1000, such as 3',
      "--p99 is missing: a latency is given by both, such as --p50 60ms --p99 300ms",
    ],
  });
  const mistakes = (options: Parameters<typeof readTraffic>[0]) => {
    const result = readTraffic(options);
    return result.ok ? [] : result.mistakes;
  };
  expect(mistakes({ traffic: "0/s" })).toHaveLength(1);
  expect(mistakes({ errors: "1%" })[0]).toContain("--traffic is missing");
  expect(mistakes({ traffic: "1/s", p50: "60ms", p99: "60ms" })[0]).toBe(
    "--p99: found 60ms, it must be more than --p50, 60ms",
  );
});

test("what is measured fills in for what is not given", () => {
  const measured = {
    perSecond: 50,
    errors: 0.02,
    latency: { 100: 10 },
    phi: 2,
    source: "measured",
    replicas: 3,
  } as const;
  expect(readTraffic({}, measured)).toEqual({ ok: true, traffic: measured });
  expect(readTraffic({ traffic: "500/s" }, measured)).toEqual({
    ok: true,
    traffic: { ...measured, perSecond: 500, source: "given" },
  });
});

test("without traffic: the steps, and how to give it", async () => {
  const { code, out } = await said({});
  expect(code).toBe(0);
  expect(out).toContain("  2. Send 10% of the requests to the canary and 90% to stable.");
  expect(out.split("\n").at(-1)).toMatch(/add --traffic 200\/s/u);
});

test("with traffic: steps, bad versions, a good one", async () => {
  const { code, out } = await said({ traffic: "200/s", errors: "0.1%", p50: "60ms", p99: "300ms" });
  expect(code).toBe(0);
  expect(out).toContain(
    "Forecast for 200 requests a second, 0.1% of them failing, median 60 ms, 99th percentile 300 ms:",
  );
  expect(out).toMatch(/^ {2}3 hold {2,}10% {2,}5m {2,}6 000 {2,}from 0\.\d+% {2,}from 1\.\d+× {2,}from 1\.\d+×$/mu);
  expect(out).toMatch(/^ {2}every request failing {2,}in over 99% /mu);
  expect(out).toMatch(/^A good version takes about \d+m( \d+s)? and 3 starts of replicas\.$/mu);
});

test("for a program", async () => {
  const { out } = await said({ json: true, traffic: "200/s" });
  const { ok, forecast } = JSON.parse(out) as { ok: boolean; forecast: Forecast };
  expect(ok).toBe(true);
  expect(forecast.steps[0]).toMatchObject({ step: 3, op: "hold", canaryRequests: 6_000 });
  expect(forecast.unforecast[0]?.name).toBe("latency-p99");
});

test("wrong traffic: exit code 2, nothing else", async () => {
  expect(await said({ traffic: "many" })).toEqual({
    code: 2,
    out: "",
    err: '--traffic: found "many", a rate is written as 200/s or 12000/min',
  });
  expect(JSON.parse((await said({ traffic: "many", json: true })).out)).toMatchObject({ ok: false, issues: [] });
});

test("the forecast looks as often, and reacts as fast, as the runtime does", () => {
  expect(LOOK_MS).toBe(PACE.activeMs);
  expect(REACTION_MS).toBeGreaterThan(PACE.activeMs);
});
