// What does a load generator that is not ours see?
import { spawn, spawnSync } from "node:child_process";

export const HAS_WRK = spawnSync("wrk", ["-v"]).error === undefined;

/** Connections that wrk keeps open: so many answers may be under way when it stops. */
export const CONNECTIONS = 16;

export interface Report {
  readonly requests: number;
  /** Answers that were neither 2xx nor 3xx. */
  readonly failed: number;
  /** The line of socket errors, when there are any. */
  readonly socketErrors: string | undefined;
  readonly text: string;
}

export interface Wrk {
  /** Lets it say what it has seen. */
  stop(): Promise<Report>;
  kill(): void;
}

/** Loads an address as fast as its connections allow, and as the machine allows whose other tests come first, until stopped. */
export function wrk(address: string): Wrk {
  const args = ["-t1", `-c${CONNECTIONS}`, "-d600s", "--timeout", "10s", `${address}/`];
  const child = spawn("nice", ["-n", "19", "wrk", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    stop: async () => {
      // It answers an interrupt with its report.
      child.kill("SIGINT");
      await ended;
      return read(text);
    },
    kill: () => child.kill("SIGKILL"),
  };
}

function read(text: string): Report {
  const requests = /(\d+) requests in/u.exec(text)?.[1];
  if (requests === undefined) throw new Error(`no report: ${text}`);
  return {
    requests: Number(requests),
    failed: Number(/Non-2xx or 3xx responses: (\d+)/u.exec(text)?.[1] ?? 0),
    socketErrors: /Socket errors: .*/u.exec(text)?.[0],
    text,
  };
}
