// Who fetches JSON from a server that asks who one is?
import type { Ms } from "../core/units.ts";

/** One request. */
export interface WebAsked {
  readonly url: string;
  /** Sent with POST as a form; without it the request is a GET. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly timeoutMs: Ms;
  /** The largest answer, counted after decompression. */
  readonly mostBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came, or what was found instead, in words that follow an address. */
export type WebAnswer =
  | { readonly ok: true; readonly json: unknown; readonly dateMs?: Ms | undefined }
  | {
      readonly ok: false;
      readonly why: string;
      /** The status, and the JSON that came with it, if there was an answer other than 200. */
      readonly status?: number | undefined;
      readonly json?: unknown;
    };

/** Requests to one server, with whatever it wants to see. */
export interface Web {
  /** Asks once, follows no redirection. Never rejects. */
  ask(asked: WebAsked): Promise<WebAnswer>;
  /** Lets go of its connections. */
  close(): void;
}
