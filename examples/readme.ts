// Does a README show what really happens?
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { kill, processesOf } from "../test/e2e/harness.ts";
import { freePort } from "../test/proxy/parts.ts";
import { BUILT_OF } from "./java.ts";

const MAIN = join(import.meta.dirname, "../src/cli/main.ts");
const SHOP = join(import.meta.dirname, "shop");

/** A command that takes longer waits for something that does not happen. */
const LONGEST_MS = 240_000;

/** A command of a README, and what it says that it shows: `…` stands for whatever is there. */
interface Shown {
  readonly command: string;
  readonly lines: readonly string[];
  /** Commands of one block show together what the text below it says. */
  readonly block: number;
  /** No command: a word of one that was left running, which shows this now. */
  readonly meanwhile?: string | undefined;
}

/** What a command did. */
export interface Done extends Shown {
  readonly out: string;
  readonly code: number;
  /** Lines of the README that were not to be seen. */
  readonly missing: readonly string[];
}

/**
 * The commands in the README's `sh` blocks, one a line; the `text` block that follows a block belongs to its last one. A
 * block `text WORD` is what the running command with that word in it shows by then.
 */
export function commandsIn(readme: string): readonly Shown[] {
  const blocks = [...readme.matchAll(/^```(sh|text)(?: (\S+))?\n(.*?)^```/gmsu)];
  const shown: { command: string; lines: string[]; block: number; meanwhile?: string }[] = [];
  for (const [block, [, kind, meanwhile, body = ""]] of blocks.entries()) {
    const lines = body.split("\n").filter((line) => line.trim() !== "");
    if (kind === "sh") shown.push(...lines.map((command) => ({ command, lines: [], block })));
    else if (meanwhile !== undefined) shown.push({ command: "", lines, block, meanwhile });
    else shown.at(-1)?.lines.push(...lines);
  }
  return shown;
}

/**
 * Plays a README from its first command to its last; what went otherwise than it says is in `wrong`. The exit code of a
 * command in `mayFail` is the caller's to judge.
 */
export async function play(from: string, ports: readonly number[], mayFail: readonly string[] = []): Promise<Played> {
  return await playAll(await Example.open(from, ports), mayFail);
}

/** The same with an example that is open; it is closed in the end. Whoever closes it before ends it. */
export async function playAll(example: Example, mayFail: readonly string[] = []): Promise<Played> {
  const done: Done[] = [];
  const wrong: string[] = [];
  try {
    for (const shown of example.commands) {
      const one = await example.run(shown);
      if (example.isClosed) break;
      done.push(one);
      for (const line of one.missing) wrong.push(`${one.command} did not show: ${line}\n${one.out}`);
      if (one.code !== 0 && !mayFail.includes(one.command))
        wrong.push(`${one.command} left with exit code ${one.code}\n${one.out}`);
    }
  } finally {
    const left = await example.close();
    wrong.push(...left.map((command) => `still there after the last command: ${command}`));
  }
  return { done, wrong };
}

interface Played {
  readonly done: readonly Done[];
  readonly wrong: readonly string[];
}

/** What is around the commands of an example. */
interface Around {
  readonly env?: NodeJS.ProcessEnv;
  /** Is shown each command, and whatever they say as they say it. */
  readonly see?: (text: string) => void;
}

/** A command that was left running. */
interface Running {
  readonly command: string;
  readonly child: ChildProcess;
  readonly out: () => string;
}

/** An example in a folder of its own, with ports that nobody else uses. */
export class Example {
  readonly dir: string;
  readonly commands: readonly Shown[];
  /** No command is run any more. */
  isClosed = false;
  private readonly root: string;
  private readonly around: Around;
  private readonly running: Running[] = [];
  private said = { block: -1, text: "" };

  private constructor(root: string, dir: string, { commands, around }: { commands: readonly Shown[]; around: Around }) {
    this.root = root;
    this.dir = dir;
    this.commands = commands;
    this.around = around;
  }

  /** Copies the example, and the shop beside it; each of these ports becomes a free one, wherever it stands. */
  static async open(from: string, ports: readonly number[], around: Around = {}): Promise<Example> {
    const root = await mkdtemp(join(tmpdir(), "serin-example-"));
    const dir = join(root, basename(from));
    await cp(from, dir, { recursive: true, filter: (path) => basename(path) !== ".serin" });
    await cp(SHOP, join(root, "shop"), { recursive: true });
    const free = await Promise.all(ports.map(freePort));
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const { name } = entry;
      const text = await readFile(join(dir, name), "utf8");
      const own = new RegExp(ports.join("|") || "$^", "gu");
      await writeFile(
        join(dir, name),
        text.replaceAll(own, (port) => String(free[ports.indexOf(Number(port))])),
      );
    }
    await mkdir(join(root, "bin"));
    const serin = `exec "${process.execPath}" "${MAIN}" "$@"\n`;
    await writeFile(join(root, "bin/serin"), `#!/bin/sh\n${serin}`, { mode: 0o755 });
    const plugin = `#!/bin/sh\nSERIN_CALLED_AS=kubectl-serin ${serin}`;
    await writeFile(join(root, "bin/kubectl-serin"), plugin, { mode: 0o755 });
    // What Maven would make came along in the copy.
    if (existsSync(join(dir, BUILT_OF))) await writeFile(join(root, "bin/mvn"), "#!/bin/sh\n", { mode: 0o755 });
    const commands = commandsIn(await readFile(join(dir, "README.md"), "utf8"));
    return new Example(root, dir, { commands, around });
  }

  /** Runs a command of the README to its end, starts it when it ends with `&`, or ends such a one: `kill %2` the second. */
  async run(shown: Shown): Promise<Done> {
    if (shown.meanwhile !== undefined) return await this.look(shown, shown.meanwhile);
    const [, job] = /^kill %(\d+)$/u.exec(shown.command) ?? [];
    if (job !== undefined) return await this.stop(shown, Number(job) - 1);
    const { command, lines, block } = shown;
    this.around.see?.(`\n$ ${command}\n`);
    const before = this.said.block === block ? this.said.text : "";
    const isLeft = command.endsWith("&");
    const started = this.start(isLeft ? `exec ${command.replace(/\s*&$/u, "")}` : command);
    const { child, out } = started;
    const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? -1)));
    if (isLeft) {
      this.running.push(started);
      await until(() => missingIn(before + out(), lines).length === 0 && out() !== "");
    }
    const late = setTimeout(() => !isLeft && giveUp(child), LONGEST_MS);
    const code = isLeft ? 0 : await ended;
    clearTimeout(late);
    this.said = { block, text: before + out() };
    return { ...shown, out: out(), code, missing: missingIn(this.said.text, lines) };
  }

  private start(command: string): Running {
    const { env: own = {}, see } = this.around;
    const PATH = [join(this.root, "bin"), dirname(process.execPath), own["PATH"] ?? process.env["PATH"]].join(
      delimiter,
    );
    const SERIN_STATE = join(this.dir, ".serin");
    const env = {
      ...process.env,
      ...own,
      PATH,
      SERIN_STATE,
      NO_COLOR: "1",
      SERIN_ACTOR: "you",
      SERIN_LOG: "text",
      COLUMNS: "120",
    };
    const child = spawn("sh", ["-c", command], { cwd: this.dir, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const said = (part: Buffer): void => {
      text += part.toString();
      see?.(part.toString());
    };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", said);
    return { command, child, out: () => text };
  }

  private async stop(shown: Shown, index: number): Promise<Done> {
    const running = this.running[index];
    if (!running) return { ...shown, out: "there is no such job", code: -1, missing: [] };
    await finish(running);
    return { ...shown, out: running.out(), code: 0, missing: missingIn(running.out(), shown.lines) };
  }

  private async look(shown: Shown, word: string): Promise<Done> {
    const running = this.running.findLast(({ command }) => command.includes(word));
    if (!running) return { ...shown, command: word, out: "nothing with that word runs", code: -1, missing: [] };
    const { command, out } = running;
    await until(() => missingIn(out(), shown.lines).length === 0, LONGEST_MS);
    return { ...shown, command, out: out(), code: 0, missing: missingIn(out(), shown.lines) };
  }

  /** Ends what was left running, and takes the folder away. Answers with the processes that were there beyond those. */
  async close(): Promise<readonly string[]> {
    this.isClosed = true;
    for (const running of this.running.toReversed()) await finish(running);
    let left = await processesOf(this.root);
    // What was told to end just now has a moment to do so.
    for (const end = Date.now() + 10_000; left.length > 0 && Date.now() < end; left = await processesOf(this.root))
      await new Promise((resolve) => setTimeout(resolve, 100));
    for (const { pid } of left) kill(pid);
    await rm(this.root, { recursive: true, force: true });
    return left.map(({ command }) => command.replaceAll("\0", " "));
  }
}

/** What it started may have its output still. */
function giveUp(child: ChildProcess): void {
  child.kill("SIGKILL");
  child.stdout?.destroy();
  child.stderr?.destroy();
}

async function finish({ child }: Running): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await ended;
}

const missingIn = (out: string, lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !isIn(line, out));

/** Whether a line is in a text, whatever stands for `…` and however wide the gaps are. */
function isIn(line: string, out: string): boolean {
  const squeezed = (text: string): string => text.replace(/\s+/gu, " ").trim();
  const parts = squeezed(line)
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&"));
  return new RegExp(parts.join(".*?"), "u").test(squeezed(out));
}

async function until(holds: () => boolean, mostMs = 120_000): Promise<void> {
  for (const end = Date.now() + mostMs; !holds() && Date.now() < end;)
    await new Promise((resolve) => setTimeout(resolve, 25));
}
