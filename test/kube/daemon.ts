// How does the fixture start a program, end it, and start it again?
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Ending } from "./cluster.ts";

interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Its output, over all of its starts. */
  readonly log: string;
}

const GRACE_MS = 10_000;

export class Daemon {
  readonly #program: Program;
  #child: ChildProcess | undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  /** Its process, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    if (this.#child) throw new Error(`${this.#program.name} runs already`);
    const [command, ...args] = this.#program.command;
    const log = openSync(this.#program.log, "a");
    const child = spawn(command, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    const ended = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    child.on("exit", ended);
    child.on("error", ended);
  }

  /** Asks it to end, and makes it end after a while. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Throws with the end of its output when it does not run. */
  assertRuns(): void {
    if (this.#child) return;
    const last = readFileSync(this.#program.log, "utf8").trimEnd().split("\n").slice(-15);
    throw new Error(`${this.#program.name} has ended:\n${last.join("\n")}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const exited = once(child, "exit");
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    child.kill(signal);
    await exited;
    clearTimeout(timer);
  }
}

/** Starts a program that ends with the test; when that fails, the end of its output is shown. */
export function daemonOf(context: Ending, program: Program): Daemon {
  const daemon = new Daemon(program);
  daemon.start();
  context.onTestFailed(() => console.error(readFileSync(program.log, "utf8").slice(-8_000)));
  context.onTestFinished(() => daemon.stop());
  return daemon;
}
