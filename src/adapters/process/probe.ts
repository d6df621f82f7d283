// Is this replica ready to answer requests?
import { get } from "node:http";
import { connect } from "node:net";
import { messageOf } from "../../core/issues.ts";
import type { ProcessReady } from "../../core/process-template.ts";

/** A replica that takes longer to answer is not ready. */
const TIMEOUT_MS = 1_000;

/** Where and how to ask. */
export interface Probe {
  readonly host: string;
  readonly port: number;
  readonly ready: ProcessReady;
  readonly signal: AbortSignal;
}

/** Asks once. Nothing when it is ready, otherwise what was found instead. Never rejects. */
export async function probe(asked: Probe): Promise<string | undefined> {
  try {
    return await (asked.ready.kind === "http" ? probeHttp(asked, asked.ready.path) : probeTcp(asked));
  } catch (error) {
    // A path that cannot be asked for.
    return messageOf(error);
  }
}

function probeHttp({ host, port, signal }: Probe, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const name = `GET ${path}`;
    const request = get({
      host,
      port,
      path,
      agent: false,
      headers: { "user-agent": "serin-ready", accept: "*/*" },
      signal,
    });
    const timer = setTimeout(() => request.destroy(new Error("timeout")), TIMEOUT_MS);
    request.once("close", () => clearTimeout(timer));
    request.once("response", (response) => {
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400 ? undefined : `${name} answered ${statusCode}`);
      request.destroy();
    });
    // Also after the answer, when the rest of it is cut off: then it changes nothing any more.
    request.on("error", (error) => resolve(inWords(error, port, name)));
  });
}

function probeTcp({ host, port, signal }: Probe): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("timeout")));
    socket.once("connect", () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.on("error", (error) => resolve(inWords(error, port)));
  });
}

function inWords(error: Error, port: number, asked?: string): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return `nothing listens on port ${port}`;
  const before = asked ? `${asked}: ` : "";
  if (error.name === "AbortError" || error.message === "timeout")
    return `${before}no answer within ${TIMEOUT_MS / 1_000}s`;
  if (code === "ECONNRESET") return `${before}the connection was closed without an answer`;
  return `${before}${error.message}`;
}
