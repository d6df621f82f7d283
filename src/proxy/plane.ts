// How do listener, traffic and connections make one data plane?
import type { TLSSocket } from "node:tls";
import type { ProxyConfig } from "./config.ts";
import type { DataPlane, TlsPair } from "./data-plane.ts";
import type { Traffic } from "./traffic.ts";

/** Serves the TLS connections whose client chose a protocol other than HTTP/1.1 (`h2`). */
export interface Front {
  /** Protocols that it takes, by ALPN name, in order of preference: `["h2"]`. */
  readonly protocols: readonly string[];
  accept(socket: TLSSocket): void;
  /** Requests under way may end, no new ones: GOAWAY. */
  drain(): void;
  /** The time is up: end every connection. */
  close(): void;
}

/** `front`, when given, is made once, on the same traffic (route, shares, replicas, counters) as HTTP/1.1. */
export function createDataPlane(config: ProxyConfig, tls?: TlsPair, front?: (traffic: Traffic) => Front): DataPlane {
  void [config, tls, front];
  throw new Error("not written yet");
}
