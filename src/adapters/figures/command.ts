// Which number does a command print?
import { type ChildProcess, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { filledText } from "../../core/outbox/template.ts";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { failed, figureOf } from "./figure.ts";
import { excerpt } from "./http.ts";
import { figureSource, NoFigure, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["command"];

const KIB = 1_024;
/** One number is shorter. */
const MOST_OUTPUT = 64 * KIB;
/** So much of the end of what it says of errors is kept. */
const KEPT_ERRORS = 4 * KIB;

/** One process per question, a few at once. */
export function createCommand(spec: Spec, parts: Parts): FigureSource {
  return figureSource(spec, parts, (asked, turn) =>
    inBatches(asked, {
      turn,
      size: 1,
      ask: (batch) => Promise.all(batch.map((question) => run(spec, question, turn))),
    }),
  );
}

async function run(spec: Spec, asked: FigureAsked, turn: Turn): Promise<Figure> {
  const { query, fromMs, toMs } = asked;
  const named = { query, from: String(fromMs), to: String(toMs), interval: String(toMs - fromMs) };
  const [program = "", ...args] = spec.command.map((part) => filledText(part, named));
  const own = await turn.secrets.textsOf(spec.env);
  const child = await started(program, args, {
    cwd: spec.cwd,
    env: {
      ...inherited(),
      ...own,
      SERIN_QUERY: query,
      SERIN_AS: asked.as,
      SERIN_FROM: named.from,
      SERIN_TO: named.to,
    },
  });
  const { code, by, output, errors } = await ended(child, turn.signal);
  if (output.length > MOST_OUTPUT) return failed(`printed more than ${MOST_OUTPUT / KIB} KiB`);
  const said = errors.trim() === "" ? "" : `: ${excerpt(errors)}`;
  if (by !== null) return failed(`was ended by ${by}${said}`);
  if (code !== 0) return failed(`exited with code ${code}${said}`);
  const text = output.toString("utf8").trim();
  if (text === "") return failed("printed nothing");
  const figure = figureOf(text);
  return figure.ok ? figure : failed(`printed ${excerpt(text)}, which is not one finite number`);
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** In a group of its own, so that all of it can be ended. */
async function started(program: string, args: readonly string[], { cwd, env }: Place): Promise<ChildProcess> {
  const stdio = ["ignore", "pipe", "pipe"] as const;
  let thrown: unknown;
  try {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: [...stdio] });
    if (child.pid !== undefined) return child;
    thrown = await new Promise<unknown>((resolve) => child.once("error", resolve));
  } catch (error) {
    // Arguments that no process can have: a zero byte.
    thrown = error;
  }
  const folder = await stat(cwd).catch(() => undefined);
  if (!folder?.isDirectory()) throw new NoFigure(`cannot run in ${cwd}, which is no folder`);
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  const why = code === "ENOENT" ? "it does not exist" : code === "EACCES" ? "it may not be executed" : String(thrown);
  throw new NoFigure(`cannot run ${excerpt(program)}: ${why}`);
}

interface Ended {
  readonly code: number | null;
  readonly by: NodeJS.Signals | null;
  readonly output: Buffer;
  readonly errors: string;
}

/** Waits for its end and for what it wrote. When the time is over it is killed, with all that it has started. */
async function ended(child: ChildProcess, signal: AbortSignal): Promise<Ended> {
  let output = Buffer.alloc(0);
  let errors = Buffer.alloc(0);
  const kill = (): void => killGroup(child.pid);
  child.stdout?.on("data", (part: Buffer) => {
    output = Buffer.concat([output, part]);
    if (output.length > MOST_OUTPUT) kill();
  });
  child.stderr?.on("data", (part: Buffer) => {
    errors = Buffer.concat([errors, part]).subarray(-KEPT_ERRORS);
  });
  child.on("error", () => undefined);
  if (signal.aborted) kill();
  signal.addEventListener("abort", kill, { once: true });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const [code, by] = await new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("exit", (...exit) => resolve(exit));
  });
  signal.removeEventListener("abort", kill);
  // What it has started and not waited for; so its pipes are closed too.
  kill();
  await closed;
  signal.throwIfAborted();
  return { code, by, output, errors: errors.toString("utf8") };
}

function killGroup(pid: number | undefined): void {
  // Group 0 would be our own, and 1 is everyone.
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** The controller's environment without what Serin said in it, should the controller itself run below another one. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SERIN_")));
}
