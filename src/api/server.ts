// How do other processes, and browsers, reach the controller?
import { randomBytes } from "node:crypto";
import { createServer, type Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import type { Listen } from "../core/spec/listen.ts";
import type { Clock } from "../ports/clock.ts";
import { messageOf, SerinError, type Trouble } from "../core/issues.ts";
import { asker } from "./asker.ts";
import type { Desk } from "./desk.ts";
import { accessOf, LOCAL, type ApprovalsFor, type Opening } from "./access/access.ts";
import type { Audit } from "./access/audit.ts";
import type { SessionStore } from "./access/session-file.ts";
import { followTls, readTls, type Certificate } from "./access/tls.ts";
import { appOf } from "./http/app.ts";
import type { App } from "./http/call.ts";
import { CONNECTION } from "./http/connection.ts";
import type { Rate } from "./http/rate.ts";

/** Where a controller listens, and what a caller must show. */
export interface Door {
  readonly url: string;
  readonly token: string;
}

export interface OpenDoor extends Door {
  /** How many approvals the access file asks for there. */
  readonly approvalsFor: ApprovalsFor;
  /** Takes no more calls, lets `last` bring those under way to an answer, and cuts off what is left then. */
  close(last: () => Promise<void>): Promise<void>;
}

/** Where to listen, and for whom. */
export interface DoorOptions extends Opening {
  /** Whether another port will do when that one is taken. */
  readonly orElse?: boolean | undefined;
  /** Whether browsers of this machine are let in, and get the dashboard. */
  readonly browser?: boolean | undefined;
  readonly rate?: Rate | undefined;
  readonly pages?: string | undefined;
  /** Why nothing is answered for the time being; nothing while it is. */
  readonly standby?: (() => Trouble | undefined) | undefined;
  /** Who asks, where a call does not say it; whoever runs the controller without it. */
  readonly actor?: string | undefined;
}

/** So long an answer may take to leave when nobody is left to answer another call. */
const FLUSHED_MS = 250;

/** Who writes down what is asked at a door, and tells of it. */
export interface DoorKeeper {
  readonly clock: Clock;
  readonly audit: Audit;
  /** Of files that were read anew. */
  readonly say: (text: string) => void;
  /** Where logins are kept; they end with this process without it. */
  readonly sessions?: SessionStore | undefined;
}

/**
 * Opens a door. Programs show the token, or one of the access file; a browser is let in where that is wanted, or where
 * somebody has logged in. Throws a SerinError where anybody could come in.
 */
export async function openDoor(desk: Desk, keeper: DoorKeeper, options: DoorOptions = {}): Promise<OpenDoor> {
  const {
    listen: { host, port } = LOCAL,
    tls,
    orElse,
    browser = false,
    rate,
    pages,
    standby,
    actor = asker(),
  } = options;
  const token = randomBytes(32).toString("hex");
  const { places } = desk;
  const fourEyes = (needed: ApprovalsFor): void =>
    void desk.askForApprovals?.(needed).catch((error: unknown) => {
      keeper.say(`four eyes are not asked for everywhere: ${messageOf(error)}`);
    });
  const access = await accessOf({ ...options, ...keeper, places, token, browser, actor, fourEyes });
  const app = appOf(desk, { access, browser, rate, pages, standby });
  const at = (there: number): Promise<ServerType> => listen(app, { host, port: there, tls });
  const server = await at(port).catch((error: unknown) => {
    access.close();
    if (!isTaken(error)) throw error;
    if (orElse) return at(0);
    throw taken(host, port, error);
  });
  const unfollow = tls && followTls(server as HttpsServer, tls, keeper.say);
  const address = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    token,
    approvalsFor: access.approvalsFor,
    close: async (last) => {
      unfollow?.();
      access.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await last();
      const rest = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), FLUSHED_MS);
      await closed;
      clearTimeout(rest);
    },
  };
}

function listen(
  app: App,
  { host, port, tls }: Listen & { readonly tls: Certificate | undefined },
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const where = { fetch: app.fetch, hostname: host, port };
    const how = tls
      ? { createServer, serverOptions: { ...CONNECTION, ...readTls(tls) } }
      : { serverOptions: CONNECTION };
    const server = serve({ ...where, ...how }, () => resolve(server));
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
