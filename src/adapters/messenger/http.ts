// How is an address called?
import { STATUS_CODES, request as requestPlainly, type IncomingMessage } from "node:http";
import { request as requestSecurely } from "node:https";
import type { Message, Target } from "../../core/outbox/message.ts";
import { filledJson, filledText, isJson } from "../../core/outbox/template.ts";
import type { Call } from "../../ports/observed.ts";
import type { Carriage } from "../../ports/messenger.ts";
import type { Secrets } from "../secrets.ts";

/** So much of an answer is read; whether it succeeded stands in its head. */
const MOST_BYTES = 65_536;

/** One request, all its texts read. */
export interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** What is sent of a message. */
export async function requestOf(
  message: Message,
  target: Extract<Target, { readonly kind: "http" }>,
  secrets: Secrets,
): Promise<Request> {
  const { method } = target;
  const url = await secrets.textOf(target.url);
  const own = await secrets.textsOf(target.headers);
  const type = Object.entries(own).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const content = contentOf(message, target, type);
  const headers = { ...(content?.type === undefined ? {} : { "content-type": content.type }), ...own };
  return { url, method, headers, body: content?.body };
}

interface Content {
  readonly body: string;
  /** Undefined when the file names one. */
  readonly type: string | undefined;
}

function contentOf(
  { payload }: Message,
  { method, body }: Extract<Target, { readonly kind: "http" }>,
  type: string | undefined,
): Content | undefined {
  if (body === undefined) {
    if (method === "GET" || method === "DELETE") return undefined;
    return { body: JSON.stringify(payload), type: type === undefined ? "application/json" : undefined };
  }
  const json = type === undefined ? isJson(body) : /[/+]json\b/iu.test(type);
  const usual = json ? "application/json" : "text/plain; charset=utf-8";
  return {
    body: json ? filledJson(body, payload) : filledText(body, payload),
    type: type === undefined ? usual : undefined,
  };
}

/** Sends a request; redirections are not followed. Rejects when the call is called off. */
export async function send(request: Request, id: string, call: Call): Promise<Carriage> {
  try {
    const response = await answered(request, id, call);
    const output = await startOf(response);
    const { statusCode = 0 } = response;
    return { ok: statusCode >= 200 && statusCode < 300, result: statusOf(response), output };
  } catch (error) {
    call.signal.throwIfAborted();
    return { ok: false, result: inWords(error), output: "" };
  }
}

/** Not by `fetch`, which refuses some ports and gives up after five minutes whatever the file says. */
function answered({ url, method, headers, body }: Request, id: string, { signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const address = URL.parse(url);
    if (!address || !/^https?:$/u.test(address.protocol)) throw new Error("this is no http:// or https:// address");
    const own = { "user-agent": "serin", ...headers, "idempotency-key": id, "x-serin-id": id };
    const ask = address.protocol === "https:" ? requestSecurely : requestPlainly;
    // A connection of its own: one that was kept may be closed by the other side just now.
    const asked = ask(address, { method, headers: own, agent: false, signal });
    asked.once("response", resolve);
    // Stays: after the answer has begun, its own error tells.
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Status texts are ours: a server may say anything there. */
function statusOf({ statusCode = 0, headers }: IncomingMessage): string {
  const text = `${statusCode} ${STATUS_CODES[statusCode] ?? ""}`.trim();
  const { location, "retry-after": after } = headers;
  if (statusCode >= 300 && statusCode < 400 && location !== undefined)
    return `${text}, which leads to ${location.slice(0, 200)}`;
  return statusCode === 429 && after !== undefined ? `${text}, again after ${after.slice(0, 40)}` : text;
}

async function startOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  // Leaving the loop takes the connection down.
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= MOST_BYTES) break;
  }
  return new TextDecoder().decode(Buffer.concat(parts).subarray(0, MOST_BYTES));
}

function inWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return "nobody listens there";
  if (code === "ENOTFOUND") return "no machine has this name";
  if (code === "ECONNRESET") return "the connection was closed before the end of the answer";
  return error instanceof Error ? error.message : String(error);
}
