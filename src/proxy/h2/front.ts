// How do clients that speak HTTP/2 get to the same traffic as all others?
import { Agent } from "node:http";
import { constants, performServerHandshake, type ServerHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";
import { plainAddress } from "../forwarded.ts";
import type { Front } from "../plane.ts";
import type { Traffic } from "../traffic.ts";
import { Exchange } from "./exchange.ts";

const STREAMS = 128;
/** Idle connections to replicas are given up before these usually do (Node: 5 s). */
const KEPT_MS = 4_000;
/** A client that has heard that the proxy goes away gets so long for the requests that were already on their way. */
const LAST_CALL_MS = 200;
/** The highest stream there can be: "no new connection for new requests, but those under way are welcome". */
const ANY_STREAM = 2 ** 31 - 1;

/** HTTP/2 by Node's own implementation, on connections whose client chose it. */
export function createHttp2Front(traffic: Traffic): Front {
  const { limits, timeouts } = traffic.config;
  const sessions = new Set<ServerHttp2Session>();
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: KEPT_MS });
  let emptied: (() => void) | undefined;

  const accept = (socket: TLSSocket, preview: boolean): void => {
    if (sessions.size >= limits.connections) {
      socket.destroy();
      return;
    }
    // Half a connection is of no use to HTTP/2.
    socket.allowHalfOpen = false;
    const client = plainAddress(socket.remoteAddress);
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: limits.headers + 8,
      settings: { enablePush: false, maxConcurrentStreams: STREAMS, maxHeaderListSize: limits.headBytes },
    });
    sessions.add(session);
    session.on("close", () => {
      sessions.delete(session);
      if (sessions.size === 0) emptied?.();
    });
    session.on("error", () => undefined);
    session.setTimeout(timeouts.keepAliveMs, () => session.close());
    const shared = { traffic, agent, client, preview };
    session.on("stream", (stream, headers, ...[, raw]) => new Exchange(shared, stream, { headers, raw }).start());
  };
  const drain = async (): Promise<void> => {
    if (sessions.size === 0) return;
    const over = new Promise<void>((resolve) => (emptied = resolve));
    for (const session of sessions) if (!session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
    setTimeout(() => {
      for (const session of sessions) session.close();
    }, LAST_CALL_MS);
    await over;
  };
  const close = (): void => {
    for (const session of sessions) session.destroy();
    agent.destroy();
  };
  return { protocols: ["h2"], accept, drain, close };
}
