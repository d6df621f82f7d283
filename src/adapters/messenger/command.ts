// How is a command run, with nothing left behind?
import { type ChildProcess, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { environmentOf } from "../../core/outbox/environment.ts";
import type { Message, Payload, Target } from "../../core/outbox/message.ts";
import { ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Call } from "../../ports/observed.ts";
import type { Carriage } from "../../ports/messenger.ts";
import type { Secrets } from "../secrets.ts";

type Command = Extract<Target, { readonly kind: "command" }>;

/** So much of the end of the output is kept; more than is told, so that a secret is not cut where it begins. */
const KEPT_BYTES = 65_536;
/** From asking it to end (SIGTERM) to ending it (SIGKILL). */
const GRACE = ms(2_000);
/** Output that somebody else still holds open is not waited for. */
const DRAIN = ms(500);

/** Runs a command once. When the call is called off, it and everything in its process group is ended. */
export async function run(
  message: Message,
  at: { readonly target: Command; readonly secrets: Secrets; readonly clock: Clock },
  { signal }: Call,
): Promise<Carriage> {
  const { command, cwd, env } = at.target;
  const [program = "", ...args] = command;
  const own = await at.secrets.textsOf(env);
  signal.throwIfAborted();
  try {
    const child = spawn(program, args, {
      cwd,
      // A group of its own, so that all of it can be ended.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...inherited(), ...own, ...environmentOf(message) },
    });
    if (child.pid !== undefined) return await followed({ child, pid: child.pid, at, payload: message.payload }, signal);
    const error = await new Promise<unknown>((resolve) => child.once("error", resolve));
    return await failure(error, program, cwd);
  } catch (error) {
    // Arguments that no process can have: a zero byte, an empty name.
    return failure(error, program, cwd);
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly at: { readonly clock: Clock };
  readonly payload: Payload;
}

type Exit = readonly [code: number | null, signal: NodeJS.Signals | null];

async function followed({ child, pid, at, payload }: Started, signal: AbortSignal): Promise<Carriage> {
  const output = tailOf(child);
  const over = new AbortController();
  child.on("error", () => undefined);
  const exited = new Promise<Exit>((resolve) => child.once("exit", (code, by) => resolve([code, by])));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // A command that does not read its input may have ended before it was written.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(JSON.stringify(payload));
  const end = async (): Promise<void> => {
    signalGroup(pid, "SIGTERM");
    await at.clock.sleep(GRACE, over.signal);
    if (!over.signal.aborted) signalGroup(pid, "SIGKILL");
  };
  const onAbort = (): void => void end();
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const [code, by] = await exited;
  over.abort("over");
  signal.removeEventListener("abort", onAbort);
  // What it has started and not waited for.
  signalGroup(pid, "SIGKILL");
  const drained = new AbortController();
  await Promise.race([closed, at.clock.sleep(DRAIN, drained.signal)]);
  drained.abort("over");
  child.stdout?.destroy();
  child.stderr?.destroy();
  const result = by === null ? `exited with code ${code}` : `ended by ${by}`;
  return { ok: code === 0 && !signal.aborted, result, output: output() };
}

/** The end of what it writes, both streams as they come. */
function tailOf(child: ChildProcess): () => string {
  let tail = Buffer.alloc(0);
  const take = (part: Buffer): void => {
    tail = Buffer.concat([tail, part]).subarray(-KEPT_BYTES);
  };
  child.stdout?.on("data", take);
  child.stderr?.on("data", take);
  return () => new TextDecoder().decode(tail);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  // Group 0 would be our own, and 1 is everyone.
  if (pid <= 1) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}

/** The controller's environment without what Serin said in it, should the controller itself run below another one. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SERIN_")));
}

async function failure(thrown: unknown, program: string, cwd: string): Promise<Carriage> {
  const failed = (result: string): Carriage => ({ ok: false, result, output: "" });
  const folder = await stat(cwd).catch(() => undefined);
  if (!folder?.isDirectory()) return failed(`the folder ${cwd} does not exist`);
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  if (code === "ENOENT") return failed(`the command ${JSON.stringify(program)} does not exist`);
  if (code === "EACCES") return failed(`the command ${JSON.stringify(program)} may not be executed`);
  return failed(
    `cannot start ${JSON.stringify(program)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
  );
}
