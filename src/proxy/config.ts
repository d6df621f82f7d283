// How does one built-in proxy behave?
import type { Ms } from "../core/units.ts";

/** Certificate and key, PEM files. Read again when they change; a pair that does not parse keeps the last good one. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** How a replica of a pool is chosen. */
export type Balance = "round-robin" | "least-request" | "random";

/** All times in milliseconds. */
interface Timeouts {
  /** To connect to a replica. */
  readonly connectMs: Ms;
  /** From the end of the request to the head of the answer. */
  readonly responseMs: Ms;
  /** Without a byte in either direction while a message is under way. */
  readonly idleMs: Ms;
  /** A client's connection without a request. */
  readonly keepAliveMs: Ms;
  /** From a connection's first byte of a request to the end of its head. */
  readonly headMs: Ms;
}

export interface Limits {
  /** A message's head, in bytes; more is answered with 431. */
  readonly headBytes: number;
  /** Header fields of one message. */
  readonly headers: number;
  /** A request's body, in bytes; more is answered with 413. 0 for no limit. */
  readonly bodyBytes: number;
  /** Clients' connections at once, per worker. */
  readonly connections: number;
}

/** Circuit breaking, per pool and worker; ejection per replica and worker. */
export interface Circuit {
  /** Connections to one replica at once. */
  readonly connections: number;
  /** Requests waiting for a connection; more are answered with 503. */
  readonly pending: number;
  /** Failed requests in a row after which a replica gets none for a while. */
  readonly consecutiveFailures: number;
  /** First time out; it doubles with every further ejection, up to ten times this. */
  readonly ejectionMs: Ms;
  /** At most this share of a pool may be out at once, 0…1; one replica always may when there are two. */
  readonly maxEjected: number;
}

export interface ProxyConfig {
  readonly host: string;
  readonly port: number;
  /** A second address: a request that comes in there is one of listener `preview`. */
  readonly preview?: { readonly host: string; readonly port: number } | undefined;
  readonly tls?: TlsFiles | undefined;
  /** Threads that share the port. */
  readonly workers: number;
  readonly balance: Balance;
  readonly timeouts: Timeouts;
  readonly limits: Limits;
  readonly circuit: Circuit;
  /** Further tries of a request without a body, of a safe or idempotent method, on another replica. */
  readonly retries: number;
  /** Whether `X-Forwarded-*` of the client are kept and added to (behind a trusted proxy) or replaced. */
  readonly trustForwarded: boolean;
  /** Longest time that open requests get when the proxy or a worker is stopped. */
  readonly drainMs: Ms;
}

export const PROXY_DEFAULTS: Omit<ProxyConfig, "host" | "port"> = {
  workers: 1,
  balance: "least-request",
  timeouts: {
    connectMs: 1_000 as Ms,
    responseMs: 30_000 as Ms,
    idleMs: 60_000 as Ms,
    keepAliveMs: 75_000 as Ms,
    headMs: 15_000 as Ms,
  },
  limits: { headBytes: 32_768, headers: 200, bodyBytes: 0, connections: 20_000 },
  circuit: {
    connections: 1_024,
    pending: 1_024,
    consecutiveFailures: 5,
    ejectionMs: 5_000 as Ms,
    maxEjected: 0.5,
  },
  retries: 1,
  trustForwarded: false,
  drainMs: 30_000 as Ms,
};
