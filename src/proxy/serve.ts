// How does a proxy come up, and take over from the one before it?
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../core/issues.ts";
import { ask, find } from "./control-client.ts";
import { withLock } from "./lock.ts";
import { makeRoom, placesOf, withPorts } from "./places.ts";
import { canShare, listenTrouble } from "./port.ts";
import { checkRoute } from "./route-check.ts";
import { runProxy, type RunningProxy } from "./running.ts";
import { routesOf, type ServedRoute } from "./served.ts";
import { fingerprint, type Settings } from "./settings.ts";
import { LOCK_FILE, openFolder, readRoutes, type Control } from "./store.ts";
import { watchTls } from "./tls-files.ts";
import { startFleet, type Fleet } from "./workers.ts";

export interface ServeOptions {
  readonly settings: Settings;
  /** Where lines about the proxy's own life go. */
  readonly log: (line: string) => void;
}

/** It runs in this process, or the one that already runs is as wanted. */
export type Served =
  | { readonly kind: "started"; readonly proxy: RunningProxy }
  | { readonly kind: "already"; readonly control: Control };

const START_MS = 60_000;
const FIND_MS = 3_000;

/**
 * Makes a proxy with these settings run for its folder. One that already runs with the same settings stays; one with
 * other settings hands over: where the system lets several listen on one port (Linux), the new one listens beside the
 * old one, and only then the old one stops. Elsewhere, or when a port stays but its host or its use changes, the old one stops
 * listening first, and the port is closed for about a tenth of a second. Requests under way in the old one end there,
 * within its `drainMs`.
 *
 * What a hand-over cannot save: a connection whose handshake with the old listener is under way at the moment in which
 * that one is closed (plane.ts accepts all whose handshake is over); the kernel resets it, unless the administrator has it
 * passed on (`sysctl net.ipv4.tcp_migrate_req=1`). And a request that an idle client sends just as its connection is closed,
 * as with every server.
 */
export async function serve({ settings, log }: ServeOptions): Promise<Served> {
  openFolder(settings.dir);
  return withLock(join(settings.dir, LOCK_FILE), START_MS, async () => {
    const found = await find(settings.dir, AbortSignal.timeout(FIND_MS));
    if (found.kind === "running" && found.control.config === fingerprint(settings) && !found.state.draining) {
      return { kind: "already", control: found.control };
    }
    if (found.kind === "silent") log(`${found.why}; starting another`);
    const proxy = await start({ settings, log }, found.kind === "running" ? found.control : undefined);
    return { kind: "started", proxy };
  });
}

async function start({ settings, log }: ServeOptions, old: Control | undefined): Promise<RunningProxy> {
  const shared = await canShare();
  if (settings.workers > 1 && !shared) log(`this system cannot share a port: 1 worker instead of ${settings.workers}`);
  const places = await placesOf(settings, old, shared);
  const preview = settings.preview && { ...settings.preview, port: places.preview?.port ?? 0 };
  const config = { ...settings, port: places.main.port, preview, workers: shared ? settings.workers : 1 };
  let fleet: Fleet | undefined;
  // Nobody needs to be told of a change before the fleet is up: it starts with the pair that is then in force.
  const tls = config.tls && watchTls(config.tls, async (pair) => fleet?.setTls(pair));
  try {
    fleet = await withPorts(places, START_MS, async () => {
      await makeRoom({ places, old, stop: (before) => stop(before, log), withinMs: settings.drainMs });
      return startFleet({ config, shared, tls: tls?.pair, routes: lastRoutes(settings.dir, log), log });
    });
    if (old) await catchUp(old, fleet, () => lastRoutes(settings.dir, log));
    const place = { ...places.main, port: fleet.ports.port };
    const previewPlace = places.preview && { ...places.preview, port: fleet.ports.preview ?? 0 };
    const hash = fingerprint(settings);
    const proxy = await runProxy({ settings: config, hash, fleet, tls, log, place, previewPlace });
    if (old) await stop(old, log);
    return proxy;
  } catch (error) {
    tls?.stop();
    await fleet?.terminate();
    const isSecond = preview !== undefined && (error as { readonly port?: number }).port === preview.port;
    throw listenTrouble(error, isSecond ? preview : config);
  }
}

/**
 * Several services may change their routes in one proxy: what the old one has accepted since this one read them is
 * followed, too, and what comes from now on waits there until it is told to stop.
 */
async function catchUp(old: Control, fleet: Fleet, read: () => readonly ServedRoute[]): Promise<void> {
  try {
    await ask(old, { method: "POST", path: "/hold", signal: AbortSignal.timeout(FIND_MS) });
  } catch {
    // It has stopped already.
    return;
  }
  const last = routesOf(read());
  for (const [section, route] of last) {
    if (!isDeepStrictEqual(fleet.routes.get(section), route)) await fleet.change({ op: "route", route });
  }
  for (const section of fleet.routes.keys()) {
    if (!last.has(section)) await fleet.change({ op: "drop", section });
  }
}

/** Tells a proxy to let its requests end and go. It needs no watching: it ends by itself. */
async function stop(old: Control, log: (line: string) => void): Promise<void> {
  try {
    await ask(old, { method: "POST", path: "/stop", signal: AbortSignal.timeout(FIND_MS) });
    log(`process ${old.pid} hands over and ends when its requests have ended`);
  } catch (error) {
    log(`process ${old.pid} was not told to end: ${messageOf(error)}`);
  }
}

/** The last accepted routes. One that cannot be read is said and left: the next apply brings it again. */
function lastRoutes(dir: string, log: (line: string) => void): readonly ServedRoute[] {
  try {
    return readRoutes(dir).flatMap((kept) => {
      const checked = checkRoute(kept);
      if (checked.ok) return [checked.route];
      log(`the last route is not usable: ${checked.why.join("; ")}`);
      return [];
    });
  } catch (error) {
    log(`the last route cannot be read: ${messageOf(error)}`);
    return [];
  }
}
