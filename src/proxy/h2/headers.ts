// How do the heads of HTTP/2 and HTTP/1.1 become one another? (RFC 9113 8.2, 8.3)
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { IncomingHttpHeaders, OutgoingHttpHeaders as Http2Headers } from "node:http2";
import type { ProxyConfig } from "../config.ts";

/** A request as its replica gets it; or the status with which it is refused. */
export type Passed =
  | { readonly ok: true; readonly method: string; readonly path: string; readonly headers: OutgoingHttpHeaders }
  | { readonly ok: false; readonly status: number };

/** Of one connection only, in either version. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  // The proxy has told the client to go on already.
  "expect",
]);

/** What a client may only say of itself behind a trusted proxy. */
const FORWARDED = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-server",
  "x-forwarded-ssl",
]);

/** Names that an application may read as `Content-Length` or `Transfer-Encoding`, as CGI does. */
const AMBIGUOUS = new Set(["content_length", "transfer_encoding"]);

const HOST = /^[A-Za-z0-9._~%!$&'()*+,;=:[\]-]*$/;

const text = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(", ") : (value ?? "");

/** Checks a request's fields and makes those for the replica. */
export function toReplica(given: IncomingHttpHeaders, from: { client: string; config: ProxyConfig }): Passed {
  const { config, client } = from;
  const method = text(given[":method"]);
  const path = text(given[":path"]);
  const host = text(given[":authority"]) || text(given.host);
  if (method === "CONNECT") return { ok: false, status: 501 };
  const wellFormed = path.startsWith("/") || (path === "*" && method === "OPTIONS");
  const oneHost = given.host === undefined || text(given.host).toLowerCase() === host.toLowerCase();
  if (!wellFormed || !oneHost || !HOST.test(host)) return { ok: false, status: 400 };

  const headers: OutgoingHttpHeaders = { host };
  let [bytes, count] = [0, 0];
  for (const [name, value] of Object.entries(given)) {
    bytes += name.length + text(value).length + 4;
    count += 1;
    if (name.startsWith(":") || name === "host" || HOP_BY_HOP.has(name)) continue;
    if (AMBIGUOUS.has(name)) return { ok: false, status: 400 };
    if (value !== undefined && (config.trustForwarded || !FORWARDED.has(name))) headers[name] = value;
  }
  if (bytes > config.limits.headBytes || count > config.limits.headers) return { ok: false, status: 431 };
  const before = text(headers["x-forwarded-for"] as string | undefined);
  headers["x-forwarded-for"] = before === "" ? client : `${before}, ${client}`;
  headers["x-forwarded-proto"] ??= "https";
  headers["x-forwarded-host"] ??= host;
  return { ok: true, method, path, headers };
}

/** The fields of an answer as HTTP/2 takes them, with the cookie that keeps a user with a role. */
export function toClient(answer: IncomingMessage, cookie: string): Http2Headers {
  const nominated = new Set((answer.headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
  const headers: Record<string, string | string[]> = {};
  const cookies: string[] = cookie === "" ? [] : [cookie];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    const name = (answer.rawHeaders[at] ?? "").toLowerCase();
    const value = answer.rawHeaders[at + 1] ?? "";
    if (HOP_BY_HOP.has(name) || nominated.has(name)) continue;
    if (name === "set-cookie") cookies.push(value);
    else headers[name] = headers[name] === undefined ? value : `${text(headers[name])}, ${value}`;
  }
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  return { ...headers, ":status": answer.statusCode ?? 502 };
}

type Accepted = Extract<Passed, { ok: true }>;

/** The head of a request as HTTP/1.1 has it; its body has no framing. */
export function requestText({ method, path, headers }: Accepted): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${String(one)}\r\n`),
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The head of an answer as it came, but for the coding of the transfer, which has been undone. */
export function answerText({ statusCode, rawHeaders }: IncomingMessage): string {
  let lines = "";
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.toLowerCase() !== "transfer-encoding") lines += `${name}: ${rawHeaders[at + 1] ?? ""}\r\n`;
  }
  return `HTTP/1.1 ${statusCode} -\r\n${lines}\r\n`;
}
