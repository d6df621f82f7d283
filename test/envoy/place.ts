// How does a test run a real Envoy that Serin tells how to route?
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootstrapOf, type BootstrapOptions } from "../../src/adapters/envoy/bootstrap.ts";
import { envoyBinary } from "../../tools/parts.ts";
import { freePort } from "../proxy/parts.ts";

export interface RunningEnvoy {
  readonly id: string;
  readonly admin: number;
  readonly child: ChildProcess;
  log(): string;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Why tests with a real Envoy are left out; nothing where there is one. */
export const NO_ENVOY: string | undefined =
  envoyBinary() === undefined ? "there is no Envoy on this machine (tools/parts.ts)" : undefined;

type Options = Partial<BootstrapOptions> & { readonly dir: string; readonly control: BootstrapOptions["control"] };

/** Starts an Envoy with the file that Serin prints, and waits until its admin page answers. */
export async function startEnvoy({ dir, ...options }: Options): Promise<RunningEnvoy> {
  const admin = { host: "127.0.0.1", port: await freePort() };
  const all = { id: "edge-1", fleet: "serin", admin, protocol: "delta", statistics: false, ...options } as const;
  return runEnvoy(dir, all.id, { config: bootstrapOf(all), admin: all.admin.port });
}

/** Starts an Envoy with any file. */
export async function runEnvoy(
  dir: string,
  id: string,
  { config, admin }: { config: object; admin: number },
): Promise<RunningEnvoy> {
  const binary = envoyBinary();
  if (binary === undefined) throw new Error(NO_ENVOY);
  mkdirSync(dir, { recursive: true });
  const [file, log] = [join(dir, `${id}.json`), join(dir, `${id}.log`)];
  writeFileSync(file, JSON.stringify(config));
  const out = openSync(log, "a");
  const flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"];
  const child = spawn(binary, ["-c", file, ...flags], { stdio: ["ignore", out, out] });
  closeSync(out);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const envoy: RunningEnvoy = {
    id,
    admin,
    child,
    log: () => readFileSync(log, "utf8"),
    end: async (signal = "SIGKILL") => {
      child.kill(signal);
      await ended;
    },
  };
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}: ${envoy.log()}`);
    return (await adminText(envoy, "/ready").catch(() => "")) !== "";
  }, "Envoy's admin page answers");
  return envoy;
}

/** Waits until an Envoy has come to its control plane. */
export async function connected(envoy: RunningEnvoy): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await adminText(envoy, "/stats?filter=control_plane.connected_state")).includes(": 1");
  await until(isThere, `${envoy.id} has come to its control plane`);
}

export async function adminText({ admin }: Pick<RunningEnvoy, "admin">, path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${admin}${path}`);
  return answer.text();
}

/** Waits for something, and says what did not come. */
export async function until(check: () => Promise<boolean> | boolean, what: string, limitMs = 60_000): Promise<void> {
  const last = Date.now() + limitMs;
  while (!(await check())) {
    if (Date.now() > last) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
