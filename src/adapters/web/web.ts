// What JSON does a server give whoever shows it the right papers?
import {
  type Agent as HttpAgent,
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { readFile } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { messageOf } from "../../core/issues.ts";
import type { Text } from "../../core/outbox/message.ts";
import type { Connection, TlsFiles } from "../../core/spec/connection.ts";
import { duration, ms } from "../../core/units.ts";
import type { Web, WebAnswer, WebAsked } from "../../ports/web.ts";

/** Who reads secrets and keeps them out of what is told. */
interface SecretTexts {
  textOf(text: Text): Promise<string>;
  /** A text that is made of secrets, and one too. */
  kept(text: string): string;
  masked(text: string): string;
}

/** How the server is reached; paths are absolute. */
export interface WebOptions {
  readonly connection: Connection;
  /** Made anew for each request: a file may have changed. */
  readonly secrets: () => SecretTexts;
}

/** Requests to one server. Secrets and certificates are read for each request, so that they may change. */
export function createWeb(options: WebOptions): Web {
  return new Connected(options);
}

/** So much of a page that is none of ours is shown. */
const SHOWN = 80;
const MIB = 1_048_576;

/** What was found instead of an answer. */
class NoAnswer extends Error {}

interface Answer {
  readonly response: IncomingMessage;
  readonly text: string;
}

class Connected implements Web {
  readonly #options: WebOptions;
  #agent: { readonly key: string; readonly agent: HttpAgent } | undefined;

  constructor(options: WebOptions) {
    this.#options = options;
  }

  async ask(asked: WebAsked): Promise<WebAnswer> {
    const secrets = this.#options.secrets();
    const answer = await this.#ask(asked, secrets);
    return answer.ok ? answer : { ...answer, why: secrets.masked(answer.why) };
  }

  close(): void {
    this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #ask(asked: WebAsked, secrets: SecretTexts): Promise<WebAnswer> {
    const late = AbortSignal.timeout(asked.timeoutMs);
    const signal = asked.signal ? AbortSignal.any([asked.signal, late]) : late;
    try {
      const headers = await this.#headers(secrets);
      const agent = await this.#agentFor(asked.url);
      const { response, text } = await answered(asked, { headers, agent, signal });
      // What a server says of what it did not like may be what it was shown.
      return said(response, response.statusCode === 200 ? text : secrets.masked(text));
    } catch (error) {
      return { ok: false, why: late.aborted ? `has not answered within ${duration(asked.timeoutMs)}` : inWords(error) };
    }
  }

  async #headers(secrets: SecretTexts): Promise<Readonly<Record<string, string>>> {
    const { basic, bearer, headers = {} } = this.#options.connection;
    const sent: Record<string, string> = { accept: "application/json", "accept-encoding": "gzip" };
    for (const [name, text] of Object.entries(headers)) sent[name.toLowerCase()] = await secrets.textOf(text);
    if (bearer) sent["authorization"] = `Bearer ${await secrets.textOf(bearer)}`;
    if (!basic) return sent;
    const [user, password] = [await secrets.textOf(basic.user), await secrets.textOf(basic.password)];
    sent["authorization"] = `Basic ${secrets.kept(Buffer.from(`${user}:${password}`).toString("base64"))}`;
    return sent;
  }

  /** Connections with the certificates as they are now. */
  async #agentFor(url: string): Promise<HttpAgent> {
    const { tls } = this.#options.connection;
    const files = url.startsWith("https:") ? await certificates(tls ?? {}) : undefined;
    const key = JSON.stringify(files) ?? "";
    if (this.#agent?.key === key) return this.#agent.agent;
    // Requests under way on the former ones end by themselves.
    const agent = files ? new TlsAgent({ keepAlive: true, ...files }) : new Agent({ keepAlive: true });
    this.#agent = { key, agent };
    return agent;
  }
}

async function certificates({ ca, cert, key, serverName, insecure }: TlsFiles) {
  const read = async (path: string | undefined): Promise<string | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      throw new NoAnswer(`the file ${path} cannot be read: ${messageOf(error)}`);
    }
  };
  const found = {
    ca: await read(ca),
    cert: await read(cert),
    key: await read(key),
    servername: serverName,
    rejectUnauthorized: insecure === true ? false : undefined,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

interface Way {
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: HttpAgent;
  readonly signal: AbortSignal;
}

async function answered({ url, form, mostBytes }: WebAsked, { headers, agent, signal }: Way): Promise<Answer> {
  const body = form && new URLSearchParams(form).toString();
  const type = {
    "content-type": "application/x-www-form-urlencoded",
    "content-length": String(Buffer.byteLength(body ?? "")),
  };
  const options: RequestOptions = {
    agent,
    signal,
    method: body === undefined ? "GET" : "POST",
    headers: { ...headers, ...(body !== undefined && type) },
  };
  const request = url.startsWith("https:") ? tlsRequest : httpRequest;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(url, options);
    asked.once("response", resolve);
    // Stays: after the answer has begun, its own error tells.
    asked.on("error", reject);
    asked.end(body);
  });
  return { response, text: await textOf(response, mostBytes) };
}

/** Reads no more than is allowed. */
async function textOf(response: IncomingMessage, mostBytes: number): Promise<string> {
  const isPacked = response.headers["content-encoding"] === "gzip";
  const body = isPacked ? response.pipe(createGunzip()) : response;
  if (isPacked) response.once("error", (error) => body.destroy(error));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const parts: string[] = [];
  let length = 0;
  try {
    // Leaving the loop takes the connection down; one that ends too early is an error of the loop.
    for await (const part of body as AsyncIterable<Buffer>) {
      length += part.length;
      if (length > mostBytes) throw new NoAnswer(`answered with more than ${Math.round(mostBytes / MIB)} MiB`);
      parts.push(decoder.decode(part, { stream: true }));
    }
  } finally {
    if (!response.complete) response.destroy();
  }
  return parts.join("") + decoder.decode();
}

function said(response: IncomingMessage, text: string): WebAnswer {
  const { statusCode: status = 0, headers } = response;
  const json = parsed(text);
  if (status !== 200)
    return { ok: false, status, why: statusText(response, text), json: json.ok ? json.value : undefined };
  if (!json.ok) return { ok: false, why: `answered with something that is not JSON: ${excerpt(text)}` };
  const dateMs = Date.parse(headers.date ?? "");
  return { ok: true, json: json.value, ...(Number.isFinite(dateMs) && { dateMs: ms(dateMs) }) };
}

function parsed(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false };
  }
}

function statusText({ statusCode: status = 0, headers: { location } }: IncomingMessage, text: string): string {
  if (location !== undefined) return `answered ${status}, which leads to ${excerpt(location)}`;
  return text.trim() === "" ? `answered ${status}` : `answered ${status}: ${excerpt(text)}`;
}

function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/gu, " ");
  return JSON.stringify(line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line);
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "no machine has this name",
  ECONNRESET: "the connection was closed before the end of the answer",
  ERR_STREAM_PREMATURE_CLOSE: "the connection was closed before the end of the answer",
  ERR_ENCODING_INVALID_ENCODED_DATA: "the answer is not UTF-8",
};

function inWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return WORDS[code] ?? messageOf(error);
}
