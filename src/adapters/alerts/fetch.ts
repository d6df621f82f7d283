// What JSON is at an address?

/** Where it is and how long one waits. */
export interface Asked {
  readonly url: string;
  readonly headers: Headers;
  readonly timeoutMs: number;
}

/** What came, or what was found instead, in words that follow an address. */
export type Fetched = { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly why: string };

const MIB = 1_048_576;
const MOST_BYTES = 8 * MIB;
/** So much of a page that is none of ours is shown. */
const SHOWN = 80;

/** What was found instead of an answer. */
class NoAnswer extends Error {}

/** Asks once, follows no redirection. Never rejects. */
export async function fetchJson({ url, headers, timeoutMs }: Asked): Promise<Fetched> {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { headers, redirect: "manual", signal: late });
    const text = await textOf(response);
    if (response.status !== 200) return { ok: false, why: statusOf(response, text) };
    return parsed(text);
  } catch (error) {
    return { ok: false, why: late.aborted ? `no answer within ${timeoutMs / 1_000} s` : inWords(error) };
  }
}

/** Reads no more than is allowed, counted after decompression. */
async function textOf({ body }: Response): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let length = 0;
  // Leaving the loop takes the connection down.
  for await (const part of body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MOST_BYTES) throw new NoAnswer(`answered with more than ${MOST_BYTES / MIB} MiB`);
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): Fetched {
  try {
    return { ok: true, json: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, why: `answered with something that is not JSON: ${excerpt(text)}` };
  }
}

function statusOf({ status, headers }: Response, text: string): string {
  const location = headers.get("location");
  if (location !== null) return `answered ${status}, which leads to ${excerpt(location)}`;
  return text.trim() === "" ? `answered ${status}` : `answered ${status}: ${excerpt(text)}`;
}

function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/gu, " ");
  return JSON.stringify(line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line);
}

/** `fetch` says that it failed; the cause says why. */
function inWords(error: unknown): string {
  if (error instanceof NoAnswer) return error.message;
  const cause: unknown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "nobody listens there";
  if (code === "ENOTFOUND") return "no machine has this name";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET")
    return "the connection was closed before the end of the answer";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "the answer is not UTF-8";
  return cause instanceof Error ? cause.message : String(cause);
}
