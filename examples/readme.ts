// Does a README show what really happens?
import { spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kill, processesOf } from "../test/e2e/harness.ts";

const MAIN = join(import.meta.dirname, "../src/cli/main.ts");

/** A command that takes longer waits for something that does not happen. */
const LONGEST_MS = 60_000;

/** A command of a README, and what it says that it shows: `…` stands for whatever is there. */
interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
}

/** What a command did. */
export interface Done extends Shown {
  readonly out: string;
  readonly code: number;
  /** Lines of the README that were not to be seen. */
  readonly missing: readonly string[];
}

/** The commands in the README's `sh` blocks, each with the `text` block that follows it. */
export function commandsIn(readme: string): readonly Shown[] {
  const blocks = [...readme.matchAll(/^```(sh|text)\n(.*?)^```/gmsu)];
  const shown: { command: string; lines: string[] }[] = [];
  for (const [, kind, body = ""] of blocks) {
    const lines = body.split("\n").filter((line) => line.trim() !== "");
    if (kind === "sh") shown.push(...lines.map((command) => ({ command, lines: [] })));
    else shown.at(-1)?.lines.push(...lines);
  }
  return shown;
}

/** An example in a folder of its own, with ports that nobody else uses. */
export class Example {
  readonly dir: string;
  readonly commands: readonly Shown[];
  private readonly state: string;
  private readonly running: ChildProcess[] = [];

  private constructor(dir: string, commands: readonly Shown[]) {
    this.dir = dir;
    this.state = join(dir, ".serin");
    this.commands = commands;
  }

  /** Copies the example; each of these ports becomes a free one, wherever it stands. */
  static async open(from: string, ports: readonly number[]): Promise<Example> {
    const dir = await mkdtemp(join(tmpdir(), "serin-example-"));
    await cp(from, dir, { recursive: true });
    const free = await freePorts(ports.length);
    for (const name of await readdir(dir)) {
      let text = await readFile(join(dir, name), "utf8");
      ports.forEach((port, index) => (text = text.replaceAll(String(port), String(free[index]))));
      await writeFile(join(dir, name), text);
    }
    return new Example(dir, commandsIn(await readFile(join(dir, "README.md"), "utf8")));
  }

  /** Runs a command of the README to its end, or starts it when it ends with `&`. */
  async run({ command, lines }: Shown): Promise<Done> {
    const isLeft = command.endsWith("&");
    const [program = "", ...words] = command.replace(/\s*&$/u, "").split(/\s+/u);
    const args = program === "serin" ? [MAIN, ...words] : words;
    const env = { ...process.env, NO_COLOR: "1", SERIN_ACTOR: "you", SERIN_STATE: this.state, COLUMNS: "120" };
    const file = program === "serin" || program === "node" ? process.execPath : program;
    const child = spawn(file, args, { cwd: this.dir, env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (out += part.toString()));
    const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
    if (isLeft) {
      this.running.push(child);
      await until(() => lines.every((line) => isIn(line, out)) && out !== "");
    }
    const late = setTimeout(() => !isLeft && child.kill("SIGKILL"), LONGEST_MS);
    const code = isLeft ? 0 : await ended;
    clearTimeout(late);
    return { command, lines, out, code, missing: lines.filter((line) => !isIn(line, out)) };
  }

  /** Ends what was started, and takes the folder away. */
  async close(): Promise<void> {
    for (const child of this.running.toReversed()) {
      const ended = new Promise((resolve) => child.once("close", resolve));
      if (child.exitCode !== null) continue;
      child.kill("SIGTERM");
      await ended;
    }
    // After a failure in mid-story.
    for (const { pid } of await processesOf(this.dir)) kill(pid);
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Whether a line is in a text, whatever stands for `…` and however wide the gaps are. */
function isIn(line: string, out: string): boolean {
  const squeezed = (text: string): string => text.replace(/\s+/gu, " ").trim();
  const parts = squeezed(line)
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&"));
  return new RegExp(parts.join(".*?"), "u").test(squeezed(out));
}

async function until(holds: () => boolean, mostMs = 15_000): Promise<void> {
  for (const end = Date.now() + mostMs; !holds() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 25));
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
