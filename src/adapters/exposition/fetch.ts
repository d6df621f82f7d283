// What does a replica's metrics page say?
import { type Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { PageFormat } from "../../core/exposition/line.ts";

/** OpenMetrics first; whoever does not know it answers in Prometheus' format, and must be allowed to. */
const ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/** Where a page is. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly agent: Agent;
  readonly timeoutMs: number;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
}

/** A page as it came. */
export interface Fetched {
  readonly text: string;
  readonly format: PageFormat;
}

/** Gets a page, whole. Rejects with what was found instead, in words that follow a replica's name. */
export async function fetchPage(target: Target): Promise<Fetched> {
  const { path, timeoutMs, mostBytes, signal } = target;
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await answered(target, AbortSignal.any([signal, late]));
    const format = formatOf(response, path);
    const bytes = await bodyOf(response, mostBytes);
    return { text: textOf(bytes), format };
  } catch (error) {
    signal.throwIfAborted();
    throw late.aborted ? new Error(`GET ${path}: no answer within ${timeoutMs / 1_000} s`) : inWords(error, target);
  }
}

/** The text of a page. A mark of the byte order is no part of either format, and stays to be refused. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** What was found instead of a page. */
class NoPage extends Error {}

/** A service may close a connection that is kept just when it is used again; then another one is asked. */
function answered(target: Target, signal: AbortSignal): Promise<IncomingMessage> {
  const { host, port, path, agent } = target;
  return new Promise((resolve, reject) => {
    const headers = { accept: ACCEPT, "accept-encoding": "identity", "user-agent": "serin-signals" };
    const asked = request({ host, port, path, agent, signal, headers });
    let hasBegun = false;
    asked.once("response", (response) => {
      hasBegun = true;
      resolve(response);
    });
    // Stays: after the answer has begun, its own error tells.
    asked.on("error", (error) => {
      const isStale = asked.reusedSocket && "code" in error && error.code === "ECONNRESET";
      if (isStale && !hasBegun) resolve(answered(target, signal));
      else reject(error);
    });
    asked.end();
  });
}

function formatOf(response: IncomingMessage, path: string): PageFormat {
  const { statusCode = 0, headers } = response;
  const [type = "", ...parameters] = (headers["content-type"] ?? "text/plain")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const encoding = headers["content-encoding"] ?? "identity";
  const version = parameters.find((one) => one.startsWith("version="))?.slice("version=".length) ?? "1.0.0";
  if (statusCode === 200 && encoding === "identity") {
    // Later versions have lines that say something else, such as histograms in one value.
    if (type === "application/openmetrics-text" && /^[01]\./u.test(version)) return "openmetrics";
    if (type === "text/plain") return "prometheus";
  }
  response.destroy();
  throw new NoPage(`GET ${path} ${instead({ statusCode, encoding, type, version })}`);
}

interface Answered {
  readonly statusCode: number;
  readonly encoding: string;
  readonly type: string;
  readonly version: string;
}

/** What was found instead of a page that can be read. */
function instead({ statusCode, encoding, type, version }: Answered): string {
  if (statusCode !== 200) return `answered ${statusCode}`;
  if (encoding !== "identity") return `answered with ${encoding}, though plain text was asked for`;
  if (type === "application/openmetrics-text")
    return `answered with OpenMetrics ${version}, though 1.0.0 was asked for`;
  return `answered with ${type}, not with text/plain or application/openmetrics-text`;
}

async function bodyOf(response: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  // Leaving the loop takes the connection down; a connection that ends too early is an error of the loop.
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > mostBytes) throw new NoPage(`has a page larger than ${Math.round(mostBytes / 1_048_576)} MiB`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function inWords(error: unknown, { path, port }: Target): Error {
  if (error instanceof NoPage) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return new Error(`does not listen on port ${port}`);
  if (code === "ECONNRESET") return new Error(`GET ${path}: the connection was closed before the end of the page`);
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return new Error(`GET ${path}: the page is not UTF-8`);
  return new Error(`GET ${path}: ${error instanceof Error ? error.message : String(error)}`);
}
