// Is this port free, and can several threads share one?
import { connect, createServer, isIP, isIPv6 } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { SerinError } from "../core/issues.ts";
import { reachableHost } from "./settings.ts";

const CONNECT_MS = 1_000;
const LOOK_AGAIN_MS = 10;
/** tcpmux, which nobody uses. */
const NOBODYS_PORT = 1;

/** Whether this system lets several sockets listen on one port and shares the connections out among them. */
export async function canShare(): Promise<boolean> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: "127.0.0.1", port: 0, reusePort: true }, resolve);
    });
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/**
 * Whether somebody listens there. With a shared port the system would not say so: two proxies would divide the
 * connections between them. Asked without listening for a moment: clients that try again all the time would be accepted
 * in that moment, and dropped.
 */
export async function isTaken(host: string, port: number): Promise<boolean> {
  return (await answers(host, port)) || (isIP(host) !== 0 && (await isBound(host, port)));
}

/**
 * Whether the port cannot be had for a connection that goes out: of every interface, it cannot while somebody listens on
 * one of them. Where that connection goes to does not matter.
 */
async function isBound(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const somewhere = isIPv6(host) ? "::1" : "127.0.0.1";
  const socket = connect({ host: somewhere, port: NOBODYS_PORT, localAddress: host, localPort: port });
  socket.setTimeout(CONNECT_MS, () => resolve(false));
  socket.once("connect", () => resolve(false));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function answers(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: reachableHost(host), port });
  // No answer comes from an address elsewhere either; of an address, `isBound` knows.
  socket.setTimeout(CONNECT_MS, () => resolve(isIP(host) === 0));
  socket.once("connect", () => resolve(true));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNRESET"));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Waits until nobody listens there any more; answers whether that came about in time. */
export async function untilFree(host: string, port: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (await isTaken(host, port)) {
    if (Date.now() >= deadline) return false;
    await pause(LOOK_AGAIN_MS);
  }
  return true;
}

/** What went wrong when the proxy wanted to listen, with its remedy. */
export function listenTrouble(error: unknown, { host, port }: { host: string; port: number }): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "EADDRINUSE") return portInUse(host, port);
  if (code !== "EACCES" && code !== "EADDRNOTAVAIL" && code !== "ENOTFOUND") return error;
  const why = { EACCES: "this user may not listen there", EADDRNOTAVAIL: "no interface has this address" };
  return new SerinError(
    {
      code: "SERIN_CANNOT_LISTEN",
      what: `The proxy cannot listen on ${host}:${port}.`,
      found: code === "ENOTFOUND" ? "the name has no address" : why[code],
      now: "Nothing was started; whatever served before goes on.",
      next: "Choose another address (`listen`), or give this user the right to it.",
      exitCode: 2,
      hopeless: true,
    },
    { cause: error },
  );
}

export function portInUse(host: string, port: number, found = "another process listens there"): SerinError {
  return new SerinError({
    code: "SERIN_PORT_IN_USE",
    what: `The proxy cannot listen on ${host}:${port}: the port is in use.`,
    found,
    now: "Requests to this port go to the process that holds it; nothing was started.",
    next: `See which it is with \`ss -ltnp 'sport = :${port}'\` (macOS: \`lsof -iTCP:${port} -sTCP:LISTEN\`), end it, or choose another port.`,
    exitCode: 2,
    hopeless: true,
  });
}
