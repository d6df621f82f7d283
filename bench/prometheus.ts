// What do ten thousand rollouts that one Prometheus is evidence for cost it, and the controller?
//
//   npm run bench:prometheus                                 10 000 rollouts, two metrics each
//   npm run bench:prometheus -- --rollouts 1000 --rounds 5
//
// A real Prometheus scrapes one page with the counters of every replica (stable and canary of each service). Each rollout
// reads as the runtime does, every half second. Beside it, in the same run and turn by turn, the way of most tools: one
// query for each rollout and metric, every period.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Secrets } from "../src/adapters/secrets.ts";
import { askRange } from "../src/adapters/prometheus/answer.ts";
import { Hub } from "../src/adapters/prometheus/hub.ts";
import { questionFor } from "../src/adapters/prometheus/question.ts";
import { createPrometheusSource } from "../src/adapters/prometheus/source.ts";
import { systemClock } from "../src/adapters/system/clock.ts";
import { createWeb } from "../src/adapters/web/web.ts";
import { ms } from "../src/core/units.ts";
import type { AskedPool } from "../src/ports/signals.ts";

const { values } = parseArgs({
  options: {
    rollouts: { type: "string", default: "10000" },
    rounds: { type: "string", default: "3" },
    every: { type: "string", default: "5" },
  },
});
const [rollouts, rounds, everySeconds] = [Number(values.rollouts), Number(values.rounds), Number(values.every)];
const everyMs = ms(everySeconds * 1_000);
const LOOK_MS = 500;
const METRICS = ["http_requests_total", 'http_requests_total{code="500"}'];
const ROLES = ["stable", "canary"] as const;

const clock = systemClock();
const pause = (lastingMs: number) => clock.sleep(ms(lastingMs));
const addressOf = (service: number, role: number): string => `10.${service >> 8}.${service & 255}.${role + 1}`;

/** Both pools of a service. */
const poolsOf = (service: number): readonly AskedPool[] =>
  ROLES.map((role, index) => {
    const id = `${index + 1}-canary-0`;
    const replica = { id, host: addressOf(service, index), port: 80, state: "ready", restarts: 0, readySinceMs: ms(0) };
    return { pool: `${index + 1}-canary`, revision: "r", role, replicas: [replica as AskedPool["replicas"][number]] };
  });

/** Every counter of every replica, a little more each time. */
function page(time: number): string {
  const lines = ["# TYPE http_requests_total counter"];
  for (let service = 0; service < rollouts; service += 1) {
    for (const role of ROLES.keys()) {
      const instance = `${addressOf(service, role)}:80`;
      lines.push(`http_requests_total{instance="${instance}",code="200"} ${time * 10 + service}`);
      lines.push(`http_requests_total{instance="${instance}",code="500"} ${time}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

async function prometheus(dir: string, target: string) {
  const config = {
    global: { scrape_interval: "5s", scrape_timeout: "5s" },
    scrape_configs: [{ job_name: "fleet", honor_labels: true, static_configs: [{ targets: [target] }] }],
  };
  await writeFile(join(dir, "prometheus.yml"), JSON.stringify(config));
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(dir, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir, "tsdb")}`,
      "--web.listen-address=127.0.0.1:0",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  let log = "";
  child.stderr.on("data", (part: Buffer) => (log = (log + part.toString()).slice(-20_000)));
  for (const end = Date.now() + 30_000; ; await pause(100)) {
    const port = /Listening on.*127\.0\.0\.1:(\d+)/u.exec(log)?.[1];
    if (port !== undefined && log.includes("ready to receive")) return { url: `http://127.0.0.1:${port}`, child };
    if (Date.now() > end) throw new Error(`prometheus does not listen: ${log}`);
  }
}

/** Seconds of processor time of a process so far. */
async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Spent {
  readonly queries: number;
  readonly own: number;
  readonly server: number;
  readonly seconds: number;
}

async function spent(pid: number, work: () => Promise<number>): Promise<Spent> {
  const [own, server, began] = [process.cpuUsage(), await cpuOf(pid), performance.now()];
  const queries = await work();
  const used = process.cpuUsage(own);
  const seconds = (performance.now() - began) / 1_000;
  return { queries, own: (used.user + used.system) / 1e6, server: (await cpuOf(pid)) - server, seconds };
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
const over = (all: readonly Spent[], of: (one: Spent) => number): number => median(all.map(of));

function print(name: string, all: readonly Spent[], idle: Spent): void {
  const perMinute = 60 / everySeconds;
  // What both spend on scraping alone is not what they spend on answers.
  const without = (of: (one: Spent) => number): number =>
    Math.max(0, over(all, of) - (of(idle) / idle.seconds) * over(all, ({ seconds }) => seconds));
  const [queries, own, server] = [
    over(all, (one) => one.queries),
    without((one) => one.own),
    without((one) => one.server),
  ];
  const cells = [queries * perMinute, (own / everySeconds) * 100, (server / everySeconds) * 100];
  const [count = 0, ownCpu = 0, serverCpu = 0] = cells;
  console.log(
    `${name.padEnd(28)} ${count.toFixed(0).padStart(10)} ${ownCpu.toFixed(1).padStart(12)} ${serverCpu.toFixed(1).padStart(12)} ${over(
      all,
      ({ seconds }) => seconds,
    )
      .toFixed(2)
      .padStart(10)}`,
  );
}

async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "serin-bench-"));
  let time = 0;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(page((time += 1)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { url, child } = await prometheus(dir, `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const pid = child.pid ?? 0;
  try {
    await compare(url, pid);
  } finally {
    child.kill("SIGKILL");
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true, force: true });
  }
}

async function compare(url: string, pid: number): Promise<void> {
  const web = createWeb({ connection: {}, secrets: () => new Secrets() });
  const to = { url, web, timeoutMs: ms(60_000) };
  const hub = new Hub({ clock, server: to, everyMs, windowMs: ms(60_000) });
  const services = Array.from({ length: rollouts }, (_, service) => {
    const source = createPrometheusSource({ name: "prom", hub, clock, matching: { service: `s${service}` } });
    return { source, pools: poolsOf(service) };
  });
  const wanted = METRICS.map((metric) => ({ name: `@prom ${metric}`, kind: "counter" as const }));
  const look = async (): Promise<number> => {
    const read = services.map(({ source, pools }) =>
      source.read(wanted, pools, { signal: new AbortController().signal }),
    );
    const all = await Promise.all(read);
    return all.filter((one) => one.kind === "value" && one.value.series.length === ROLES.length).length;
  };
  for (const end = Date.now() + 60_000; (await look()) < rollouts; await pause(1_000))
    if (Date.now() > end) throw new Error("not everything is scraped");
  const idle = await spent(pid, async () => (await pause(10_000), 0));

  const period = async (): Promise<number> => {
    const before = hub.requests;
    for (const end = performance.now() + everyMs; performance.now() < end;) {
      const began = performance.now();
      if ((await look()) < rollouts) throw new Error("a rollout has no figures");
      await pause(Math.max(1, Math.min(LOOK_MS - (performance.now() - began), end - performance.now())));
    }
    return hub.requests - before;
  };
  /** One query for each rollout and metric, sixteen at a time. */
  const naive = async (): Promise<number> => {
    let next = 0;
    const all = services.flatMap(({ pools }) => METRICS.map((selector) => ({ selector, pools })));
    const worker = async (): Promise<void> => {
      for (let one = all[next++]; one; one = all[next++]) {
        const whose = one.pools.flatMap(({ replicas }) =>
          replicas.map(({ host, port }) => ({ instance: `${host}:${port}` })),
        );
        const answer = await askRange(to, questionFor({ selector: one.selector, isHistogram: false }, whose, 60_000));
        if (!answer.ok) throw new Error(answer.why);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    return all.length;
  };
  const [shared, single]: [Spent[], Spent[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    shared.push(await spent(pid, period));
    single.push(await spent(pid, naive));
  }
  console.log(
    `${rollouts} rollouts, ${METRICS.length} metrics each, every ${everySeconds} s; medians of ${rounds} rounds`,
  );
  console.log(
    `${"".padEnd(28)} ${"queries/min".padStart(10)} ${"own CPU, %".padStart(12)} ${"server's, %".padStart(12)} ${"round, s".padStart(10)}`,
  );
  print("Serin, shared", shared, idle);
  print("a query per rollout, metric", single, idle);
  const ratio =
    over(single, ({ queries }) => queries) /
    Math.max(
      1,
      over(shared, ({ queries }) => queries),
    );
  console.log(`${ratio.toFixed(0)} times fewer queries`);
  web.close();
}

await main();
