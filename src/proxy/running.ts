// What does a running proxy do, until it has stopped?
import { randomBytes } from "node:crypto";
import { ms } from "../core/units.ts";
import { changesOf } from "./changes.ts";
import { startControl, type Controlled } from "./control.ts";
import { exposition } from "./exposition.ts";
import { EVERYBODY, type ServedRoute } from "./served.ts";
import { addressOf, type Settings } from "./settings.ts";
import { CONTROL_FILE, replaceFile, withdrawControl, type Control, type Place } from "./store.ts";
import type { WatchedTls } from "./tls-files.ts";
import type { Fleet } from "./workers.ts";

export interface RunningProxy {
  readonly control: Control;
  readonly metricsUrl: string;
  readonly fleet: Fleet;
  /** Every worker follows the route and it is kept for the next start; or nothing has changed and it rejects. */
  setRoute(route: ServedRoute): Promise<void>;
  /** Takes no new connections, lets requests under way end, then lets go of everything. Resolves when that is done. */
  stop(): Promise<void>;
  /** Resolves when it has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
}

export interface RunOptions {
  readonly settings: Settings;
  readonly hash: string;
  readonly place: Place;
  readonly previewPlace: Place | undefined;
  readonly fleet: Fleet;
  readonly tls: WatchedTls | undefined;
  readonly log: (line: string) => void;
}

/** Opens the control API of workers that already listen, and says in control.json where it is. */
export async function runProxy(options: RunOptions): Promise<RunningProxy> {
  const { settings, fleet, tls, log, place, previewPlace } = options;
  const { port, preview } = fleet.ports;
  const second = settings.preview && { ...settings, host: settings.preview.host };
  const who = {
    pid: process.pid,
    epoch: randomBytes(8).toString("hex"),
    address: addressOf(settings, port),
    preview: second && addressOf(second, preview ?? second.port),
  };
  const stopped = Promise.withResolvers<void>();
  const changes = changesOf(settings.dir, fleet);
  let draining = false;

  const stop = async (): Promise<void> => {
    if (draining) return stopped.promise;
    draining = true;
    changes.end();
    log("draining");
    tls?.stop();
    await fleet.drain(settings.drainMs);
    withdrawControl(settings.dir, who.epoch);
    server.close();
    log("stopped");
    stopped.resolve();
  };
  const proxy: Controlled = {
    change: (change) => changes.change(change),
    hold: () => changes.hold(),
    state: async () => {
      const { busy, alive } = await fleet.read();
      const workers = { wanted: settings.workers, alive };
      const all = [...fleet.routes.values()];
      const routes = { route: fleet.routes.get(EVERYBODY), sections: all.filter(({ section }) => section) };
      return { ...who, config: options.hash, ...routes, busy, workers, draining, tls: tls?.state() };
    },
    counters: async () => {
      const { counts } = await fleet.read();
      return { at: ms(Date.now()), series: counts.map((count) => Object.assign({ epoch: who.epoch }, count)) };
    },
    comparison: async (section) => (await fleet.read()).comparisons.get(section),
    metrics: async () => {
      const { counts, copies, alive } = await fleet.read();
      return exposition({ counts, copies, routes: [...fleet.routes.values()], workers: alive });
    },
    stop: () => void stop(),
    draining: () => draining,
  };
  const token = randomBytes(24).toString("base64url");
  const server = await startControl(proxy, { epoch: who.epoch, token });
  const control = {
    ...who,
    startedAt: Date.now(),
    url: server.url,
    token,
    config: options.hash,
    listens: place,
    listensPreview: previewPlace,
  };
  replaceFile(settings.dir, CONTROL_FILE, control);
  log(`serves ${who.address} with ${settings.workers} worker${settings.workers === 1 ? "" : "s"}`);
  const setRoute = (route: ServedRoute): Promise<void> => proxy.change({ op: "route", route });
  return { control, metricsUrl: `${server.url}/metrics`, fleet, setRoute, stop, stopped: stopped.promise };
}
