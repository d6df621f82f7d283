// What does a vendor answer to a request, and what if it does not?
import type { Login } from "../../core/spec/vendor-fields.ts";
import { duration, ms } from "../../core/units.ts";
import type { z } from "zod";
import { NoFigure, type Turn } from "./turn.ts";

interface Request {
  readonly url: string;
  /** Default: GET without a body, POST with one. */
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

/** What came. */
interface Response {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

const MIB = 1_048_576;
const MOST_BYTES = 8 * MIB;
/** Requests that only wait for a better moment are made so often. */
const TRIES = 3;
const FIRST_PAUSE = 250;
/** A query is read here, never a change made: each request can be made again. */
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** Statuses by which vendors refuse a query. */
const OF_QUERY: ReadonlySet<number> = new Set([400, 404, 413, 414, 422, 500]);

/** The text of an answer with status 200. Rejects with a NoFigure that has the vendor's own words. */
export async function textOf(request: Request, turn: Turn): Promise<string> {
  const response = await exchange(request, turn);
  const text = new TextDecoder("utf-8", { fatal: response.status === 200 }).decode(response.bytes);
  if (response.status === 200) return text;
  throw new NoFigure(refusal(response, text), { isOfQuery: OF_QUERY.has(response.status) });
}

/** The same, as JSON of a known form. */
export async function jsonOf<T>(request: Request, schema: z.ZodType<T>, turn: Turn): Promise<T> {
  return inForm(parsed(await textOf(request, turn)), schema);
}

/** Sends it, and again when it is told to come back within the time. Redirections are not followed. */
async function exchange(request: Request, turn: Turn): Promise<Response> {
  for (let tried = 1; ; tried++) {
    const response = await once(request, turn.signal);
    if (!PASSING.has(response.status) || tried >= TRIES) return response;
    const pauseMs = pauseOf(response, { tried, nowMs: turn.clock.now() });
    if (turn.clock.now() + pauseMs >= turn.untilMs) return response;
    await turn.clock.sleep(ms(pauseMs), turn.signal);
    turn.signal.throwIfAborted();
  }
}

/** Sends it once. */
export async function once({ url, headers, body, method }: Request, signal: AbortSignal): Promise<Response> {
  const own = { "user-agent": "serin", ...headers };
  const response = await fetch(url, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: own,
    body: (body ?? null) as string | null,
    redirect: "manual",
    signal,
  });
  return { status: response.status, headers: response.headers, bytes: await bytesOf(response) };
}

/** No more than is allowed, counted after decompression. Leaving the loop takes the connection down. */
async function bytesOf({ body }: globalThis.Response): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MOST_BYTES) throw new NoFigure(`answered with more than ${MOST_BYTES / MIB} MiB`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function pauseOf({ headers }: Response, { tried, nowMs }: { readonly tried: number; readonly nowMs: number }): number {
  const after = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/u.test(after)) return Number(after) * 1_000;
  const moment = Date.parse(after);
  return Number.isFinite(moment) ? Math.max(0, moment - nowMs) : FIRST_PAUSE * 2 ** (tried - 1);
}

/** `answered 403: "the key is not valid"`. */
function refusal({ status, headers }: Response, text: string): string {
  const location = headers.get("location");
  if (location !== null) return `answered ${status}, which leads to ${excerpt(location)}`;
  const after = status === 429 || status === 503 ? headers.get("retry-after") : null;
  const isSeconds = after !== null && /^\d+$/u.test(after);
  const when = isSeconds ? `, again after ${duration(ms(Number(after) * 1_000))}` : "";
  const words = ownWords(text);
  return `answered ${status}${when}${words === "" ? "" : `: ${words}`}`;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new NoFigure(`answered with something that is not JSON: ${excerpt(text)}`);
  }
}

/** What has a known form. Where it has another one, the vendor's own words say more than where it differs. */
export function inForm<T>(json: unknown, schema: z.ZodType<T>): T {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const words = wordsIn(json, 0);
  if (words !== undefined) throw new NoFigure(`answered ${excerpt(words)}`, { isOfQuery: true });
  const at = read.error.issues[0]?.path.map(String).join(".") ?? "";
  throw new NoFigure(`answered in a form of its own${at === "" ? "" : `, at ${at}`}: ${excerpt(JSON.stringify(json))}`);
}

function ownWords(text: string): string {
  if (text.trim() === "") return "";
  try {
    return excerpt(wordsIn(JSON.parse(text), 0) ?? text);
  } catch {
    return excerpt(text.replaceAll(/<(?:style|script)[\s\S]*?<\/(?:style|script)>|<[^>]*>/giu, " "));
  }
}

/** Fields in which vendors say what is wrong, the most telling first. */
const TELLING = ["errors", "error", "messages", "message", "text", "description", "constraintViolations"];

/** What an answer says in words, if it does: `{"errors":["…"]}`, `{"error":{"message":"…"}}`. */
function wordsIn(json: unknown, depth: number): string | undefined {
  if (typeof json === "string") return json;
  if (typeof json !== "object" || json === null || depth > 4) return undefined;
  if (Array.isArray(json)) return json.length === 0 ? undefined : wordsIn(json[0], depth + 1);
  for (const name of TELLING) {
    const words = wordsIn((json as Readonly<Record<string, unknown>>)[name], depth + 1);
    if (words !== undefined) return words;
  }
  return undefined;
}

const SHOWN = 160;

/** A text within a sentence. */
export function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/gu, " ");
  return JSON.stringify(line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line);
}

/** The header of how one says who one is; nothing where nothing is said. */
export async function authorization(
  { basic, bearer }: Login,
  { secrets }: Turn,
): Promise<Readonly<Record<string, string>>> {
  if (bearer) return { authorization: `Bearer ${await secrets.textOf(bearer)}` };
  if (!basic) return {};
  const pair = `${await secrets.textOf(basic.user)}:${await secrets.textOf(basic.password)}`;
  return { authorization: `Basic ${secrets.kept(Buffer.from(pair).toString("base64"))}` };
}
