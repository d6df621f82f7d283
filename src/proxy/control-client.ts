// Does the proxy of this folder run, and what does it say?
import { Agent, request, type IncomingMessage } from "node:http";
import { messageOf } from "../core/issues.ts";
import type { Route } from "../core/split.ts";
import { isAlive } from "./lock.ts";
import type { ServedRoute } from "./served.ts";
import { readControl, type Control } from "./store.ts";
import type { TlsState } from "./tls-files.ts";

/** What GET /state answers. */
export interface ProxyState {
  readonly pid: number;
  readonly epoch: string;
  readonly address: string;
  /** The second address. */
  readonly preview?: string | undefined;
  readonly config: string;
  /** The route in force for requests that are no section's; none before the first. */
  readonly route?: Route | undefined;
  /** Routes of sections; a proxy of an older version tells of none. */
  readonly sections?: readonly ServedRoute[] | undefined;
  readonly busy: readonly string[];
  readonly workers: { readonly wanted: number; readonly alive: number };
  readonly draining: boolean;
  readonly tls?: TlsState | undefined;
}

export interface Answer {
  readonly status: number;
  /** Which process says so. */
  readonly epoch: string | undefined;
  readonly body: unknown;
}

export interface Question {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export type Inquired =
  | { readonly kind: "answered"; readonly control: Control; readonly answer: Answer }
  | { readonly kind: "none" }
  | { readonly kind: "silent"; readonly why: string };

/** A proxy that has proved to be the one of control.json; none; or one that cannot be told. */
export type Found =
  | { readonly kind: "running"; readonly control: Control; readonly state: ProxyState }
  | { readonly kind: "none" }
  | { readonly kind: "silent"; readonly why: string };

/** Every answer of the control API names the process that gave it. */
export const EPOCH_HEADER = "x-serin-epoch";

const agent = new Agent({ keepAlive: true, maxFreeSockets: 1, timeout: 4_000 });

/** One call of the control API. All of them may be repeated, so a kept connection that has died costs one more try. */
export async function ask(control: Control, question: Question): Promise<Answer> {
  try {
    return await once(control, question);
  } catch (error) {
    if ((error as { reused?: boolean }).reused !== true || question.signal.aborted) throw error;
    return once(control, question);
  }
}

function once(control: Control, { method, path, body, signal }: Question): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    authorization: `Bearer ${control.token}`,
    ...(text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
  };
  const asked = request(new URL(path, control.url), { method, headers, agent, signal }, (response) => {
    readAnswer(response).then(resolve, reject);
  });
  asked.on("error", (error) => reject(Object.assign(error, { reused: asked.reusedSocket })));
  asked.end(text);
  return promise;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  const epoch = response.headers[EPOCH_HEADER];
  return {
    status: response.statusCode ?? 0,
    epoch: typeof epoch === "string" ? epoch : undefined,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/**
 * Asks the proxy of a folder. A process id proves nothing: whoever answers must take the token and name the epoch of
 * control.json; whoever took over the port of a proxy that is gone knows neither.
 */
export async function inquire(dir: string, question: Question): Promise<Inquired> {
  let control: Control | undefined;
  try {
    control = readControl(dir);
    if (!control) return { kind: "none" };
    const answer = await ask(control, question);
    return answer.epoch === control.epoch ? { kind: "answered", control, answer } : { kind: "none" };
  } catch (error) {
    if (isGone(control, error)) return { kind: "none" };
    const who = control ? `the proxy (process ${control.pid})` : "control.json";
    return {
      kind: "silent",
      why: `${who} does not answer: ${question.signal.aborted ? "timed out" : messageOf(error)}`,
    };
  }
}

/** Looks for the proxy of a folder. */
export async function find(dir: string, signal: AbortSignal): Promise<Found> {
  const asked = await inquire(dir, { method: "GET", path: "/state", signal });
  if (asked.kind !== "answered") return asked;
  const { control, answer } = asked;
  if (answer.status === 200) return { kind: "running", control, state: answer.body as ProxyState };
  return { kind: "silent", why: `the proxy (process ${control.pid}) answers ${answer.status}` };
}

/** Nobody listens there, or somebody who is no proxy, or the process has ended. */
function isGone(control: Control | undefined, error: unknown): boolean {
  const code = String((error as NodeJS.ErrnoException).code);
  if (code === "ECONNREFUSED" || code.startsWith("HPE_") || error instanceof SyntaxError) return true;
  return control !== undefined && !isAlive(control.pid);
}
