// What does a request cost each proxy, in CPU time on one core?
//
// npm run bench:proxy [-- rounds seconds [proxy,proxy…]]   (3 rounds of 3 s take about 7 min)
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { CASES, cpuUs, listens, load, rssMb, type Case } from "./proxy/measure.ts";
import {
  LOAD_CORE,
  PEERS,
  PROXY_PORT,
  STABLE_PORT,
  pinned,
  startPeer,
  upstreamCommand,
  type Peer,
} from "./proxy/peers.ts";

interface Sample {
  readonly us: number;
  readonly aloneUs: number;
  readonly bad: number;
  readonly late: number;
}

const [rounds = 3, seconds = 3] = process.argv.slice(2, 4).map(Number);
const wanted = process.argv[4]?.split(",");
const only = process.env["BENCH_CASES"]?.split(",").map(Number);
const cases = CASES.filter((_, i) => only?.includes(i) ?? true);
const peers = PEERS.filter((peer) => wanted?.includes(peer.name) ?? true);
const dir = mkdtempSync(join(tmpdir(), "serin-bench-"));
const samples = new Map<string, Sample[]>();
const memory = new Map<string, number>();

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function ready(port: number, name: string): Promise<void> {
  for (let i = 0; i < 200; i += 1) {
    if (await listens(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} does not listen on port ${port}`);
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const limit = setTimeout(() => child.kill("SIGKILL"), 5_000);
    child.once("exit", () => {
      clearTimeout(limit);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

const key = (name: string, what: Case): string => `${name}\n${what.name}`;

async function measure(name: string, pid: number, what: Case): Promise<void> {
  const many = { port: PROXY_PORT, connections: 64, dir };
  await load(what, { ...many, seconds: 1 });
  const before = cpuUs(pid);
  const run = await load(what, { ...many, seconds });
  const us = (cpuUs(pid) - before) / run.requests;
  const alone = await load(what, { ...many, connections: 1, seconds: 1 });
  const direct = await load(what, { ...many, port: STABLE_PORT, connections: 1, seconds: 1 });
  const list = samples.get(key(name, what)) ?? [];
  list.push({ us, aloneUs: alone.p50Us - direct.p50Us, bad: run.bad, late: run.late });
  samples.set(key(name, what), list);
  memory.set(name, Math.max(memory.get(name) ?? 0, rssMb(pid)));
}

async function round(peer: Peer): Promise<void> {
  if (await listens(PROXY_PORT)) throw new Error(`port ${PROXY_PORT} is in use`);
  const child = startPeer(peer, dir);
  try {
    await ready(PROXY_PORT, peer.name);
    // What compiles as it runs gets time for that; each worker does it for itself.
    for (const what of cases) await load(what, { port: PROXY_PORT, connections: 64, seconds: 1, dir });
    for (const what of cases) await measure(peer.name, child.pid ?? 0, what);
  } finally {
    await stop(child);
  }
}

const of = (name: string, what: Case, field: keyof Sample): number =>
  median((samples.get(key(name, what)) ?? []).map((sample) => sample[field]));

function print(title: string, cell: (name: string, what: Case) => string): void {
  console.log(`\n${title}`);
  console.log(["".padEnd(18), ...cases.map((what) => what.name.padStart(14))].join(""));
  for (const { name } of peers) {
    console.log([name.padEnd(18), ...cases.map((what) => cell(name, what).padStart(14))].join(""));
  }
}

const upstream = pinned(LOAD_CORE, upstreamCommand(dir));
try {
  await ready(STABLE_PORT, "the upstream");
  for (let i = 0; i < rounds; i += 1) {
    for (const peer of shuffled(peers)) await round(peer);
    console.error(`round ${i + 1} of ${rounds}`);
  }
  print("CPU time per request, µs (median of rounds)", (name, what) => of(name, what, "us").toFixed(1));
  for (const base of peers.filter((peer) => peer.name !== "serin").map((peer) => peer.name)) {
    const ratios = cases.map((what) => (of(base, what, "us") / of("serin", what, "us")).toFixed(2).padStart(14));
    console.log(`serin ÷ ${base}`.padEnd(26) + ratios.join(""));
  }
  print("Added latency at one connection, p50, µs", (name, what) => of(name, what, "aloneUs").toFixed(0));
  const sum = (name: string, what: Case, field: keyof Sample): number =>
    (samples.get(key(name, what)) ?? []).reduce((total, sample) => total + sample[field], 0);
  print(
    "Failed requests + those not answered in 2 s",
    (name, what) => `${sum(name, what, "bad")} + ${sum(name, what, "late")}`,
  );
  console.log(`\nMemory, MB: ${[...memory].map(([name, mb]) => `${name} ${mb.toFixed(0)}`).join(" · ")}`);
} finally {
  await stop(upstream);
  rmSync(dir, { recursive: true, force: true });
}
