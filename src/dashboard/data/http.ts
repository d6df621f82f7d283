// How does a page ask the controller that served it?
import type { Trouble } from "../../core/issues.ts";

/** An answer that is no success, with what the controller says of it. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  readonly trouble: Trouble;
  /** Decisions that were made since the page was looked at. */
  readonly changes: readonly { readonly atMs: number; readonly text: string }[];

  constructor(status: number, problem: { readonly trouble: Trouble; readonly changes?: Refused["changes"] }) {
    super(problem.trouble.what);
    this.status = status;
    this.trouble = problem.trouble;
    this.changes = problem.changes ?? [];
  }
}

/** Nobody answered at all. */
export const isLost = (error: unknown): boolean => !(error instanceof Refused);

/** Sent with whatever changes something, where the controller wants it. */
let csrf: string | undefined;

export function rememberCsrf(token: string | undefined): void {
  csrf = token;
}

let refused: (status: number) => void = () => undefined;

/** Calls when somebody is not let in, or may not: who asks, or what that one may, is another one than was thought. */
export function whenRefused(listener: (status: number) => void): void {
  refused = listener;
}

/** A stream was refused, without a word of why. */
export const streamRefused = (): void => refused(401);

/** Reads. Throws a Refused for any answer but a success. */
export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, { headers: { accept: "application/json" }, signal: signal ?? null });
  if (!response.ok) throw await refusedOf(response);
  return (await response.json()) as T;
}

/** Changes something, or asks with more than an address holds. */
export function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  return sent<T>(path, { method, body });
}

/** Asks with more than an address holds, for as long as the signal lets it. */
export function ask<T>(path: string, body: unknown, signal: AbortSignal): Promise<T> {
  return sent<T>(path, { method: "POST", body, signal });
}

interface Sent {
  readonly method: "POST" | "DELETE";
  readonly body: unknown;
  readonly signal?: AbortSignal;
}

async function sent<T>(path: string, { method, body, signal }: Sent): Promise<T> {
  const headers = { "content-type": "application/json", ...(csrf === undefined ? {} : { "x-serin-csrf": csrf }) };
  const text = body === undefined ? null : JSON.stringify(body);
  const response = await fetch(path, { method, headers, body: text, signal: signal ?? null });
  if (!response.ok) throw await refusedOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function refusedOf(response: Response): Promise<Refused> {
  const { status, url } = response;
  // Who it is is asked by that call itself.
  if ((status === 401 || status === 403) && !new URL(url).pathname.startsWith("/v1/whoami")) refused(status);
  const problem = (await response.json().catch(() => undefined)) as
    | { readonly trouble?: Trouble; readonly changes?: Refused["changes"] }
    | undefined;
  const trouble = problem?.trouble ?? {
    code: "SERIN_NO_ANSWER",
    what: `the controller answers ${response.status}`,
    next: "look at the controller's log",
  };
  return new Refused(response.status, { ...problem, trouble });
}
