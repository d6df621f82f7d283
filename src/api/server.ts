// How do other processes, and browsers, reach the controller?
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { SerinError } from "../core/issues.ts";
import { asker } from "./asker.ts";
import type { Desk } from "./desk.ts";
import { appOf } from "./http/app.ts";
import { LOOPBACK, type Rate } from "./http/guard.ts";

/** Where a controller listens, and what a caller must show. */
export interface Door {
  readonly url: string;
  readonly token: string;
}

export interface OpenDoor extends Door {
  /** Takes no more calls, lets `last` bring those under way to an answer, and cuts off what is left then. */
  close(last: () => Promise<void>): Promise<void>;
}

/** Where to listen, and for whom. */
export interface DoorOptions {
  /** An address of this machine; a port of the system's choice without it. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** Whether another port will do when that one is taken. */
  readonly orElse?: boolean | undefined;
  /** Whether browsers of this machine are let in, and get the dashboard. */
  readonly browser?: boolean | undefined;
  readonly rate?: Rate | undefined;
  readonly pages?: string | undefined;
  /** Who asks, where a call does not say it; whoever runs the controller without it. */
  readonly actor?: string | undefined;
}

/** So long an answer may take to leave when nobody is left to answer another call. */
const FLUSHED_MS = 250;
/** So long a call may take to come in. */
const REQUEST_MS = 30_000;

/** Opens a door on this machine. Programs show the token; a browser is let in where that is wanted. */
export async function openDoor(desk: Desk, options: DoorOptions = {}): Promise<OpenDoor> {
  const {
    listen: { host, port } = { host: "127.0.0.1", port: 0 },
    orElse,
    browser = false,
    rate,
    pages,
    actor = asker(),
  } = options;
  if (!LOOPBACK.test(host)) throw notHere(host);
  const token = randomBytes(32).toString("hex");
  const app = appOf(desk, { token, browser, rate, pages, actor });
  const at = (there: number): Promise<ServerType> => listen(app, host, there);
  const server = await at(port).catch((error: unknown) => {
    if (!isTaken(error)) throw error;
    if (orElse) return at(0);
    throw taken(host, port, error);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    token,
    close: async (last) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await last();
      const rest = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), FLUSHED_MS);
      await closed;
      clearTimeout(rest);
    },
  };
}

function listen(app: ReturnType<typeof appOf>, hostname: string, port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const serverOptions = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS };
    const server = serve({ fetch: app.fetch, hostname, port, serverOptions }, () => resolve(server));
    server.once("error", reject);
  });
}

const isTaken = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "EADDRINUSE";

function taken(host: string, port: number, cause: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_PORT_IN_USE",
      what: `another program listens on ${host}:${port}`,
      now: "no controller was started",
      next: "end that program, or name another address with --listen",
      exitCode: 2,
    },
    { cause },
  );
}

function notHere(host: string): SerinError {
  return new SerinError({
    code: "SERIN_NOT_LOOPBACK",
    what: `${host} can be reached from other machines, where anybody could give commands`,
    now: "no controller was started",
    next: "name an address of this machine alone, such as --listen 127.0.0.1:7070",
    exitCode: 2,
  });
}
