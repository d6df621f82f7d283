// How does a test run Serin as its users do, and leave nothing behind?
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request, type OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ServiceView } from "../../src/api/contract.ts";

export const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
export const SERVICE = join(import.meta.dirname, "service.mjs");

/** A folder for one test: rollout files and state. `remove` ends every process that lives on its state. */
export interface Place {
  readonly dir: string;
  readonly state: string;
  write(name: string, text: string): Promise<string>;
  /** All processes that were started for this state: proxies, replicas and controllers' children. */
  processes(): Promise<readonly Running[]>;
  remove(): Promise<void>;
}

export async function makePlace(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), "serin-e2e-"));
  const state = join(dir, "state");
  const processes = (): Promise<Running[]> => processesOf(state);
  return {
    dir,
    state,
    write: async (name, text) => {
      const file = join(dir, name);
      await writeFile(file, text);
      return file;
    },
    processes,
    remove: async () => {
      for (const { pid } of await processes()) kill(pid);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

/** A process, as the system tells of it. */
export interface Running {
  readonly pid: number;
  readonly command: string;
  /** With `NAME=value` in it for each variable. */
  readonly environment: string;
}

async function fromProc(name: string): Promise<Running[]> {
  const pid = Number(name);
  if (!Number.isInteger(pid)) return [];
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
  const [command, environment] = await Promise.all([read("cmdline"), read("environ")]);
  return [{ pid, command, environment }];
}

/** Where there is no /proc, `ps` writes the environment behind the command. */
async function fromPs(): Promise<Running[]> {
  const { stdout } = await promisify(execFile)("ps", ["-axEww", "-o", "pid=,command="], { maxBuffer: 64 * 1_048_576 });
  return stdout.split("\n").map((line) => {
    const text = line.trimStart();
    return { pid: Number.parseInt(text, 10), command: text, environment: text };
  });
}

/** Processes whose command line or environment names the folder. */
export async function processesOf(folder: string): Promise<Running[]> {
  const linux = process.platform === "linux";
  const all = linux ? (await Promise.all((await readdir("/proc")).map(fromProc))).flat() : await fromPs();
  return all.filter(
    ({ pid, command, environment }) => pid !== process.pid && `${command} ${environment}`.includes(folder),
  );
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. */
export function serin(args: readonly string[], options: { timeoutMs?: number; cwd?: string } = {}): Promise<Ran> {
  const child = start(args, options);
  const out = collect(child.stdout);
  const err = collect(child.stderr);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 120_000);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, out: out(), err: err() });
    });
  });
}

/** Compiling takes longer than most commands. */
export const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), "serin-e2e-compiled") };

/** Starts a command and leaves it running. */
export function start(args: readonly string[], options: { cwd?: string } = {}): ChildProcess {
  const env = { ...process.env, NO_COLOR: "1", SERIN_ACTOR: "test", ...COMPILED };
  return spawn(process.execPath, [MAIN, ...args], { env, cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (part: string) => {
    text += part;
  });
  return () => text;
}

/** Waits until `condition` answers something, asking often. Throws after `timeoutMs`, with what it waited for. */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export async function view(place: Place, service = "app"): Promise<ServiceView> {
  const { out } = await serin(["get", service, "--json", "--state", place.state]);
  return JSON.parse(out) as ServiceView;
}

/** What clients saw, by the version that answered. */
export interface Clients {
  readonly answers: Map<string, { ok: number; failed: number }>;
  /** Requests that no version answered. */
  lost: string[];
  stop(): Promise<void>;
}

/** `count` clients that ask one request after the other on their own connections, until stopped. */
export function clients(address: string, count: number, pauseMs = 2): Clients {
  return clientsOn(new Agent({ keepAlive: true, maxSockets: count }), address, { count, pauseMs });
}

/** The same on connections of an agent. One that keeps none alive opens one for each request. */
export function clientsOn(
  agent: Agent,
  address: string,
  { count, pauseMs = 2, headers = {} }: { count: number; pauseMs?: number; headers?: OutgoingHttpHeaders },
): Clients {
  const seen: Clients = { answers: new Map(), lost: [], stop: async () => undefined };
  const stopped = new AbortController();
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      const lost = (why: string): void => {
        seen.lost.push(why);
        resolve();
      };
      const asked = request(address, { agent, headers, timeout: 10_000 }, (answer) => {
        const version = answer.headers["x-version"];
        answer.resume();
        answer.on("error", (error) => lost(`answer: ${error.message}`));
        answer.on("end", () => {
          if (typeof version !== "string") return lost(`status ${answer.statusCode}`);
          const counts = seen.answers.get(version) ?? { ok: 0, failed: 0 };
          if ((answer.statusCode ?? 500) < 500) counts.ok += 1;
          else counts.failed += 1;
          seen.answers.set(version, counts);
          resolve();
        });
      });
      asked.on("timeout", () => asked.destroy(new Error("timeout")));
      asked.on("error", (error) => lost(`request: ${error.message}`));
      asked.end();
    });
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await one();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const loops = Array.from({ length: count }, loop);
  seen.stop = async () => {
    stopped.abort();
    await Promise.all(loops);
    agent.destroy();
  };
  return seen;
}

/** A rollout file for the test service. */
export function rolloutFile(
  version: string,
  options: {
    strategy?: string;
    env?: string;
    extra?: string;
    replicas?: number;
    listen?: string;
    traffic?: string;
    analysis?: string;
  } = {},
): string {
  const {
    strategy = "canary: { steps: [{ weight: 50%, hold: 500ms }] }",
    env = "",
    replicas = 2,
    listen = "127.0.0.1:0",
  } = options;
  return `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app }
spec:
  workload:
    process:
      command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(SERVICE)}]
      env: { VERSION: ${version}${env ? `, ${env}` : ""} }
      replicas: ${replicas}
      ready: { path: /healthz }
      drain: 5s
      grace: 2s
  traffic: ${options.traffic ?? `{ proxy: { listen: "${listen}" } }`}
  progressDeadline: 1m
  strategy:
    ${strategy}
${options.analysis ?? "  analysis: { warmup: 0s, metrics: [{ preset: success-rate }] }"}
${options.extra ?? ""}`;
}
