// Where does a command write, and for whom?
import type { ClusterChoice } from "../api/cluster/link.ts";

/** A command's way to speak. Text goes to a person, `--json` to a program. */
export interface Io {
  /** One line, or several, of the answer. */
  out(text: string): void;
  /** One line, or several, beside the answer: troubles and progress. */
  err(text: string): void;
  readonly color: boolean;
  /** Whether the answer goes to a terminal on which a picture can be drawn again and again. */
  readonly live: boolean;
}

/** What every command knows besides its own arguments. */
export interface Context {
  readonly io: Io;
  readonly json: boolean;
  /** Absolute folder of the state. */
  readonly state: string;
  /** The cluster that is meant; nothing when a controller of this machine is. */
  readonly cluster?: ClusterChoice | undefined;
  readonly signal: AbortSignal;
}

/** Standard output and error of this process. NO_COLOR and FORCE_COLOR are heeded. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  const wanted = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  return {
    out: (text) => stdout.write(`${text}\n`),
    err: (text) => stderr.write(`${text}\n`),
    color: wanted || (stdout.isTTY && !env["NO_COLOR"] && env["TERM"] !== "dumb"),
    live: stdout.isTTY && env["TERM"] !== "dumb",
  };
}
