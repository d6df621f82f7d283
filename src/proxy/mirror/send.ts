// How is one copy sent, and what came of it?
import { request, type Agent, type IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import type { AnswerSeen } from "../../core/compare/answers.ts";
import type { HeadParts } from "./parts.ts";
import type { CopyRole, Target } from "./messages.ts";
import { decoded } from "./seen.ts";

/** A request as it is copied. */
export interface Outgoing extends HeadParts {
  readonly body: Buffer;
}

/** `timed` is false when the answer was cut off because of its size. */
export type CopyAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly latencyMs: number;
      readonly timed: boolean;
      readonly seen: AnswerSeen;
    }
  | { readonly kind: "failed" };

export interface SendOptions {
  readonly agent: Agent;
  readonly timeoutMs: number;
}

/** Names the role that a copy was made for; replicas may leave out what shall not be done twice. */
const MIRROR_HEADER = "x-serin-mirror";
/** Of one connection, or made anew for the copy. */
const NOT_COPIED = new Set(["connection", "transfer-encoding", "content-length", MIRROR_HEADER]);
const BODILESS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "DELETE"]);
/** Of an answer, so much is kept to be compared, and so much is read. */
const MOST_KEPT = 256 * 1_024;
const MOST_READ = 16 * 1_024 * 1_024;

/** Resolves when the answer is complete, or is not to be expected any more. Never rejects. */
export async function sendCopy(target: Target, outgoing: Outgoing, options: SendOptions): Promise<CopyAnswer> {
  const once = (agent: Agent | false): Promise<CopyAnswer | "closing"> =>
    attempt(target, outgoing, { ...options, agent });
  // One that must not be sent twice gets a connection of its own.
  const first = await once(BODILESS.has(outgoing.method) ? options.agent : false);
  // The replica closed a connection that it had kept, just then: no fault of its.
  const answer = first === "closing" ? await once(false) : first;
  return answer === "closing" ? { kind: "failed" } : answer;
}

function attempt(
  target: Target,
  outgoing: Outgoing,
  { agent, timeoutMs }: { readonly agent: Agent | false; readonly timeoutMs: number },
): Promise<CopyAnswer | "closing"> {
  const { promise, resolve } = Promise.withResolvers<CopyAnswer | "closing">();
  const { method, target: path, body } = outgoing;
  const startedAt = performance.now();
  try {
    const headers = headersFor(outgoing, target.role);
    const { host, port } = target;
    const sent = request({ host, port, method, path, headers, agent, setHost: false });
    const limit = setTimeout(() => sent.destroy(), timeoutMs);
    let answered = false;
    sent.on("response", (answer) => {
      answered = true;
      const over = (result: CopyAnswer): void => {
        resolve(result);
        if (result.kind === "failed" || !result.timed) sent.destroy();
      };
      read(answer, startedAt, over);
    });
    const lost = (): void => {
      clearTimeout(limit);
      if (answered) return;
      const isLate = performance.now() - startedAt >= timeoutMs;
      resolve(agent !== false && sent.reusedSocket && !isLate ? "closing" : { kind: "failed" });
    };
    sent.on("upgrade", (_, socket) => socket.destroy());
    sent.on("error", lost);
    sent.on("close", lost);
    sent.end(body.length > 0 ? body : undefined);
  } catch {
    // A target or a value that cannot be sent.
    resolve({ kind: "failed" });
  }
  return promise;
}

/** As they came, the host included. */
function headersFor({ method, fields, body }: Outgoing, role: CopyRole): string[] {
  const kept = fields.filter(([name]) => !NOT_COPIED.has(name.toLowerCase()));
  const length = body.length > 0 || !BODILESS.has(method) ? [["Content-Length", String(body.length)]] : [];
  return [...kept, ...length, [MIRROR_HEADER, role]].flat();
}

/** Reads an answer to its end; `resolve` may be called more than once, the first time counts. */
function read(answer: IncomingMessage, startedAt: number, resolve: (result: CopyAnswer) => void): void {
  const status = answer.statusCode ?? 0;
  let isOver = false;
  const parts: Buffer[] = [];
  let bytes = 0;
  const over = (timed: boolean): void => {
    if (isOver) return;
    isOver = true;
    const headers = Array.from({ length: answer.rawHeaders.length / 2 }, (_, at) => {
      const [name = "", value = ""] = answer.rawHeaders.slice(2 * at, 2 * at + 2);
      return [name.toLowerCase(), value] as const;
    });
    const body = bytes > MOST_KEPT ? undefined : decoded(headers, Buffer.concat(parts));
    const latencyMs = performance.now() - startedAt;
    resolve({ kind: "answered", status, latencyMs, timed, seen: { status, headers, body } });
  };
  answer.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes <= MOST_KEPT) parts.push(part);
    else parts.length = 0;
    if (bytes > MOST_READ) over(false);
  });
  answer.on("end", () => over(true));
  answer.on("error", () => resolve({ kind: "failed" }));
  answer.on("close", () => !answer.complete && resolve({ kind: "failed" }));
}
