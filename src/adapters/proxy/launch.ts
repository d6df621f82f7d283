// How is the proxy's process started, so that it outlives this one?
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, lstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SerinError } from "../../core/issues.ts";
import type { Begun } from "../../proxy/begun.ts";
import type { Settings } from "../../proxy/settings.ts";
import { CONFIG_FILE, LOG_FILE, openFolder, replaceFile } from "../../proxy/store.ts";

const LARGEST_LOG = 4 * 1024 * 1024;
/** What the proxy needs of this process' environment; secrets of the controller are none of its business. */
const PASSED_ON = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "NODE_OPTIONS", "SSL_CERT_FILE"];

// The same file, compiled or not.
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../proxy/main.ts" : "../../proxy/main.js", import.meta.url),
);

/**
 * Starts a process for these settings and resolves when one serves: this one, or another that was started at the same
 * time. Rejects with what the process says is wrong. When the signal aborts, the process goes on by itself.
 */
export async function launch(settings: Settings, signal: AbortSignal): Promise<void> {
  openFolder(settings.dir);
  replaceFile(settings.dir, CONFIG_FILE, settings);
  const log = openLog(join(settings.dir, LOG_FILE));
  try {
    const child = spawn(process.execPath, [MAIN, "--config", join(settings.dir, CONFIG_FILE)], {
      cwd: settings.dir,
      detached: true,
      env: environment(),
      stdio: ["ignore", log, log, "ipc"],
    });
    await begun(child, settings, signal);
  } finally {
    closeSync(log);
  }
}

function environment(): NodeJS.ProcessEnv {
  const passed = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return Object.fromEntries([...passed, ...compileCache()]);
}

/** Compiled code is kept: without it each start compiles anew, and a third more memory stays taken. */
function compileCache(): readonly (readonly [string, string])[] {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `serin-compiled-${uid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid: owner, mode } = lstatSync(folder);
    // Code from a folder that others may write to is not to be trusted.
    return owner === uid && (mode & 0o077) === 0 ? [["NODE_COMPILE_CACHE", folder]] : [];
  } catch {
    return [];
  }
}

function openLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return openSync(file, size > LARGEST_LOG ? "w" : "a", 0o600);
}

async function begun(child: ChildProcess, settings: Settings, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (found: string): void => reject(notStarted(settings, found));
  const onAbort = (): void => failed("it has not come up in time; it may still do so");
  child.once("message", (message: Begun) =>
    message.kind === "up" ? resolve() : reject(new SerinError(message.trouble)),
  );
  child.once("error", (error) => failed(error.message));
  child.once("exit", (code, by) => failed(by ? `it was ended by ${by}` : `it ended with code ${code}`));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function notStarted({ name, dir }: Settings, found: string): SerinError {
  return new SerinError({
    code: "SERIN_PROXY_NOT_STARTED",
    what: `The proxy of ${name} did not start.`,
    found,
    now: "A proxy that ran before and has not handed over goes on; otherwise nobody answers at its address.",
    next: `See ${join(dir, LOG_FILE)}.`,
  });
}
