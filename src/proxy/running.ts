// What does a running proxy do, until it has stopped?
import { randomBytes } from "node:crypto";
import type { Route } from "../core/split.ts";
import { ms } from "../core/units.ts";
import { startControl, type Controlled } from "./control.ts";
import { exposition } from "./exposition.ts";
import { addressOf, type Settings } from "./settings.ts";
import { CONTROL_FILE, replaceFile, stageRoute, withdrawControl, type Control, type Place } from "./store.ts";
import type { WatchedTls } from "./tls-files.ts";
import type { Fleet } from "./workers.ts";

export interface RunningProxy {
  readonly control: Control;
  readonly metricsUrl: string;
  readonly fleet: Fleet;
  /** Every worker follows the route and it is kept for the next start; or nothing has changed and it rejects. */
  setRoute(route: Route): Promise<void>;
  /** Takes no new connections, lets requests under way end, then lets go of everything. Resolves when that is done. */
  stop(): Promise<void>;
  /** Resolves when it has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
}

export interface RunOptions {
  readonly settings: Settings;
  readonly hash: string;
  readonly place: Place;
  readonly fleet: Fleet;
  readonly tls: WatchedTls | undefined;
  readonly log: (line: string) => void;
}

/** Opens the control API of workers that already listen, and says in control.json where it is. */
export async function runProxy(options: RunOptions): Promise<RunningProxy> {
  const { settings, fleet, tls, log, place } = options;
  const who = { pid: process.pid, epoch: randomBytes(8).toString("hex"), address: addressOf(settings, fleet.port) };
  const stopped = Promise.withResolvers<void>();
  let draining = false;

  const stop = async (): Promise<void> => {
    if (draining) return stopped.promise;
    draining = true;
    log("draining");
    tls?.stop();
    await fleet.drain(settings.drainMs);
    withdrawControl(settings.dir, who.epoch);
    server.close();
    log("stopped");
    stopped.resolve();
  };
  const proxy: Controlled = {
    setRoute: inTurn((route) => takeRoute(route, settings.dir, fleet)),
    state: async () => {
      const { busy, alive } = await fleet.read();
      const workers = { wanted: settings.workers, alive };
      return { ...who, config: options.hash, route: fleet.route, busy, workers, draining, tls: tls?.state() };
    },
    counters: async () => {
      const { counts } = await fleet.read();
      return { at: ms(Date.now()), series: counts.map((count) => Object.assign({ epoch: who.epoch }, count)) };
    },
    comparison: async () => (await fleet.read()).comparison,
    metrics: async () => {
      const { counts, copies, alive } = await fleet.read();
      return exposition({ counts, copies, route: fleet.route, workers: alive });
    },
    stop: () => void stop(),
    draining: () => draining,
  };
  const token = randomBytes(24).toString("base64url");
  const server = await startControl(proxy, { epoch: who.epoch, token });
  const control = { ...who, startedAt: Date.now(), url: server.url, token, config: options.hash, listens: place };
  replaceFile(settings.dir, CONTROL_FILE, control);
  log(`serves ${who.address} with ${settings.workers} worker${settings.workers === 1 ? "" : "s"}`);
  const setRoute = (route: Route): Promise<void> => proxy.setRoute(route);
  return { control, metricsUrl: `${server.url}/metrics`, fleet, setRoute, stop, stopped: stopped.promise };
}

/** One after another, in the order in which they came. */
function inTurn(work: (route: Route) => Promise<void>): (route: Route) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (route) => {
    const turn = last.then(() => work(route));
    last = turn.catch(() => undefined);
    return turn;
  };
}

/**
 * What is most likely to fail comes first: the file is written down to the disk, then the workers follow, then the file
 * takes its place. When one fails, what was done before it is undone.
 */
async function takeRoute(route: Route, dir: string, fleet: Fleet): Promise<void> {
  const before = fleet.route;
  const staged = stageRoute(dir, route);
  try {
    await fleet.setRoute(route);
    staged.commit();
  } catch (error) {
    staged.discard();
    if (before && fleet.route !== before) await fleet.setRoute(before);
    throw error;
  }
}
