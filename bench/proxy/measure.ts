// What does one run of the load generator say, and what did it cost the proxy?
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { LOAD_CORE } from "./peers.ts";

export interface Case {
  readonly name: string;
  readonly path: string;
  /** The load generator's script: fields and body. */
  readonly script: string;
}

const cookie = 'wrk.headers["Cookie"] = "serin=s5bd1e995"';
const browser = `
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8"
wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
wrk.headers["Cache-Control"] = "max-age=0"
wrk.headers["Referer"] = "https://shop.example.org/catalogue/spring?page=2"
wrk.headers["Sec-Fetch-Site"] = "same-origin"
wrk.headers["Sec-Fetch-Mode"] = "navigate"
wrk.headers["Upgrade-Insecure-Requests"] = "1"
wrk.headers["Cookie"] = "session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes; serin=s5bd1e995"
`;

/** All proxies get the same bytes, the cookie of the cohorts included. */
export const CASES: readonly Case[] = [
  { name: "GET 3 B", path: "/s", script: cookie },
  { name: "browser, 1 kB", path: "/k1", script: browser },
  { name: "GET 64 kB", path: "/k64", script: cookie },
  { name: "POST 10 kB", path: "/post", script: `${cookie}\nwrk.method = "POST"\nwrk.body = string.rep("x", 10240)` },
];

export interface Run {
  readonly requests: number;
  readonly p50Us: number;
  /** Answered with an error, or cut off. */
  readonly bad: number;
  /** Not answered within the load generator's two seconds: the mark of a machine that is busy elsewhere. */
  readonly late: number;
}

const run = promisify(execFile);
const UNITS: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000 };

function timeUs(text: string | undefined): number {
  const parts = /([\d.]+)(us|ms|s)/.exec(text ?? "");
  return parts ? Number(parts[1]) * (UNITS[parts[2] ?? ""] ?? Number.NaN) : Number.NaN;
}

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly dir: string;
}

export async function load(what: Case, how: Load): Promise<Run> {
  const script = join(how.dir, "load.lua");
  writeFileSync(script, what.script);
  const wrk = ["wrk", "-t1", `-c${how.connections}`, `-d${how.seconds}s`, "--latency", "-s", script];
  const { stdout } = await run("taskset", ["-c", LOAD_CORE, ...wrk, `http://127.0.0.1:${how.port}${what.path}`]);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout) ?? [];
  const errors = socketErrors.slice(1, 4).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests: number(/(\d+) requests in/),
    p50Us: timeUs(/^\s+50%\s+(\S+)/m.exec(stdout)?.[1]),
    bad: number(/Non-2xx or 3xx responses: (\d+)/) + errors,
    late: Number(socketErrors[4] ?? 0),
  };
}

/** A process and its children, which nginx does its work in. */
function family(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
  return [pid, ...children.flatMap((child) => family(child))];
}

/** CPU time of all threads, in microseconds. */
export function cpuUs(pid: number): number {
  let ns = 0;
  for (const member of family(pid)) {
    for (const task of readdirSync(`/proc/${member}/task`)) {
      ns += Number(readFileSync(`/proc/${member}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    }
  }
  return ns / 1_000;
}

export function rssMb(pid: number): number {
  const kb = family(pid).map((member) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member}/status`, "utf8"))?.[1] ?? 0),
  );
  return kb.reduce((sum, one) => sum + one, 0) / 1_024;
}

/** Whether something listens there. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
