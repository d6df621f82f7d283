// What do users notice of a mirror? Throughput and 99th percentile with one, over those without, in the same run.
//
// node bench/mirror.ts [rounds seconds]   (3 rounds of 3 s take about 1 min)
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createProxyAdapter } from "../src/adapters/proxy/index.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { all, type Route } from "../src/core/split.ts";
import { weightOf } from "../src/core/units.ts";
import { PROXY_DEFAULTS } from "../src/proxy/config.ts";
import { listens } from "./proxy/measure.ts";

const PROXY_PORT = 18_110;
const STABLE_PORT = 18_111;
const CANARY_PORT = 18_112;

interface Figures {
  readonly perSecond: number;
  readonly p99Us: number;
}

/** More than the proxy can do, and about a tenth of it. */
const LOADS = [
  { name: "as fast as it goes, 32 connections", path: "/s", connections: 32 },
  { name: "answers of 5 ms, 8 connections", path: "/slow", connections: 8 },
] as const;
const SHARES = [0, 0.1, 1] as const;

const [rounds = 3, seconds = 3] = process.argv.slice(2).map(Number);
const run = promisify(execFile);
const dir = mkdtempSync(join(tmpdir(), "serin-bench-"));
const call = () => ({ signal: AbortSignal.timeout(30_000) });
const config = { ...PROXY_DEFAULTS, host: "127.0.0.1", port: PROXY_PORT };
const proxy = createProxyAdapter({ name: "bench", dir: join(dir, "proxy"), clock: systemClock(), config });

function route(share: number): Route {
  const pool = (name: string, port: number) => ({ pool: name, backends: [{ replica: name, host: "127.0.0.1", port }] });
  const mirror = { to: ["canary"], share: weightOf(share), methods: "safe", compare: { ignore: [] } } as const;
  return {
    split: { weights: all("stable"), ...(share > 0 && { mirror }) },
    pools: { stable: pool("stable", STABLE_PORT), canary: pool("canary", CANARY_PORT) },
  };
}

async function load(path: string, connections: number, forSeconds: number): Promise<Figures> {
  const wrk = ["-t1", `-c${connections}`, `-d${forSeconds}s`, "--latency", `http://127.0.0.1:${PROXY_PORT}${path}`];
  const { stdout } = await run("wrk", wrk);
  const [, time = "", unit = ""] = /^\s+99%\s+([\d.]+)(us|ms|s)/m.exec(stdout) ?? [];
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  return { perSecond, p99Us: Number(time) * ({ us: 1, ms: 1_000, s: 1_000_000 }[unit] ?? Number.NaN) };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Copies that were answered, and those that were left out, since the mirror was set. */
async function copies(): Promise<string> {
  const read = await proxy.comparison?.(call());
  if (read?.kind !== "value") return "none";
  const { candidate, shed, failed } = read.value;
  const due = candidate + shed + failed;
  return `${candidate} compared, ${failed} failed, ${((100 * shed) / Math.max(1, due)).toFixed(1)} % left out`;
}

async function measure({ name, path, connections }: (typeof LOADS)[number]): Promise<void> {
  const figures = new Map<number, Figures[]>(SHARES.map((share) => [share, []]));
  const became = new Map<number, string>();
  for (let round = 0; round < rounds; round += 1) {
    for (const share of SHARES) {
      await proxy.apply(route(share), call());
      await load(path, connections, 1);
      figures.get(share)?.push(await load(path, connections, seconds));
      if (share > 0) became.set(share, await copies());
    }
  }
  const of = (share: number, field: keyof Figures): number =>
    median((figures.get(share) ?? []).map((one) => one[field]));
  console.log(
    `\n${name}: ${of(0, "perSecond").toFixed(0)} requests/s, p99 ${of(0, "p99Us").toFixed(0)} µs without a mirror`,
  );
  for (const share of SHARES.slice(1)) {
    const throughput = of(share, "perSecond") / of(0, "perSecond");
    const p99 = of(share, "p99Us") / of(0, "p99Us");
    const text = `throughput × ${throughput.toFixed(2)}, p99 × ${p99.toFixed(2)}; last round: ${became.get(share) ?? ""}`;
    console.log(`  mirror of ${100 * share} %: ${text}`);
  }
}

const upstream = spawn(process.execPath, [join(import.meta.dirname, "mirror/upstream.ts"), `${STABLE_PORT}`], {
  stdio: "inherit",
});
const candidate = spawn(process.execPath, [join(import.meta.dirname, "mirror/upstream.ts"), `${CANARY_PORT}`], {
  stdio: "inherit",
});
try {
  while (!((await listens(STABLE_PORT)) && (await listens(CANARY_PORT))))
    await new Promise((resolve) => setTimeout(resolve, 20));
  for (const one of LOADS) await measure(one);
} finally {
  await proxy.remove(call());
  upstream.kill();
  candidate.kill();
  rmSync(dir, { recursive: true, force: true });
}
