// How does a real server run for a test, and end with it?
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { freePort } from "../../proxy/parts.ts";

/** How long a program may take to start on a machine that has much else to do. */
const LIMIT = { timeout: 60_000, interval: 100 };

export const has = (program: string): boolean => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;

/** A folder and a process of its own, on a port that was free. */
export class Program {
  dir = "";
  port = 0;
  #child: ChildProcess | undefined;
  #said = "";

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async prepare(): Promise<void> {
    this.dir = await mkdtemp(join(tmpdir(), "serin-figures-"));
    this.port = await freePort();
  }

  /** Starts it, and waits until `ready` is answered with a status below 500. */
  async start(command: readonly string[], env: Readonly<Record<string, string>>, ready = "/"): Promise<void> {
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      cwd: this.dir,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    // Also when the test's own process ends first.
    process.once("exit", () => child.kill("SIGKILL"));
    const hear = (part: Buffer): void => {
      this.#said = `${this.#said}${part.toString()}`.slice(-2_000);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    await vi.waitFor(async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${this.#said}`);
      const answer = await fetch(`${this.url}${ready}`).catch(() => undefined);
      if (!answer || answer.status >= 500) throw new Error(`${program} does not answer: ${this.#said}`);
    }, LIMIT);
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => {
        child.once("exit", resolve);
      });
      child.kill("SIGKILL");
      await ended;
    }
    if (this.dir !== "") await rm(this.dir, { recursive: true, force: true });
  }
}
