// Which control planes does one controller run, and who uses them?
import type { Call } from "../../ports/observed.ts";
import type { Metrics, Router } from "../../ports/router.ts";
import type { Clock } from "../../ports/clock.ts";
import { ENVOY_ABILITIES } from "./abilities.ts";
import { withPaths } from "./certificates.ts";
import { addressOf, Plane, type Subject } from "./plane.ts";
import { createServedStore } from "./store.ts";
import { otherChannel } from "./troubles.ts";
import { LOG_NAME } from "./resources/names.ts";
import { loggedOf } from "./tally.ts";
import { openXdsServer, type XdsServer } from "./xds/server.ts";

export interface EnvoyHubOptions {
  /** Holds a folder per service, in which its last route stands. */
  readonly dir: string;
  readonly clock: Clock;
}

/** A service as its file asks for it; paths in it start from `origin`. */
type EnvoyAsked = Subject & { readonly origin: string };

/** What the controller knows of a service's Envoys. */
export interface EnvoyRouter {
  readonly router: Router;
  readonly metrics: Metrics;
  /** Envoys go on at the last split. */
  close(): Promise<void>;
}

/** All control planes of a controller: one per address that its services name. */
export interface EnvoyHub {
  /** Throws a SerinError for what could never be done here. */
  check(asked: EnvoyAsked): Promise<void>;
  router(asked: EnvoyAsked): Promise<EnvoyRouter>;
  /** Takes a service from its Envoys: something else carries its requests now. */
  leave(service: string, call: Call): Promise<void>;
  close(): Promise<void>;
}

interface Opened {
  readonly server: XdsServer;
  readonly plane: Plane;
  readonly tls: string;
}

export function createEnvoyHub(options: EnvoyHubOptions): EnvoyHub {
  return new Hub(options);
}

class Hub implements EnvoyHub {
  readonly #options: EnvoyHubOptions;
  readonly #opened = new Map<string, Promise<Opened>>();

  constructor(options: EnvoyHubOptions) {
    this.#options = options;
  }

  async check(asked: EnvoyAsked): Promise<void> {
    const subject = subjectOf(asked);
    (await this.#plane(subject)).check(subject);
  }

  async router(asked: EnvoyAsked): Promise<EnvoyRouter> {
    const subject = subjectOf(asked);
    const plane = await this.#plane(subject);
    const { clock } = this.#options;
    const router: Router = {
      kind: "envoy",
      can: ENVOY_ABILITIES,
      apply: async (route, call) => {
        await plane.apply(subject, route, call);
        await this.#leaveOthers(subject);
      },
      observe: () => Promise.resolve(plane.observe(subject, clock.now())),
      remove: (call) => plane.remove(subject, call),
    };
    const metrics: Metrics = {
      kind: "envoy",
      read: () => plane.counters(subject, clock.now()),
    };
    return { router, metrics, close: () => Promise.resolve() };
  }

  async leave(service: string, call: Call): Promise<void> {
    const written = createServedStore(this.#options.dir).read(service);
    if (written) await (await this.#plane(written.served)).remove(written.served, call);
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    for (const one of all) if (one.status === "fulfilled") await one.value.server.close();
  }

  /** A service that came from another channel is not told of there any more. */
  async #leaveOthers(subject: Subject): Promise<void> {
    for (const [address, opened] of this.#opened) {
      if (address !== addressOf(subject.spec.xds)) (await opened).plane.leave(subject);
    }
  }

  async #plane(subject: Subject): Promise<Plane> {
    const { xds } = subject.spec;
    const address = addressOf(xds);
    let opening = this.#opened.get(address);
    if (!opening) {
      opening = this.#open(subject);
      this.#opened.set(address, opening);
      opening.catch(() => this.#opened.delete(address));
    }
    const { plane, tls } = await opening;
    if (tls !== JSON.stringify(xds.tls ?? null)) throw otherChannel(subject.service, xds);
    return plane;
  }

  async #open({ spec: { xds } }: Subject): Promise<Opened> {
    const { dir, clock } = this.#options;
    const server = await openXdsServer(xds);
    const plane = new Plane({ channel: xds, discovery: server.discovery, store: createServedStore(dir), clock });
    server.listenAccess((_node, log, entry) => {
      if (log === LOG_NAME) plane.log(entry.cluster, loggedOf(entry));
    });
    server.listenMetrics((node, metrics) => plane.count(node, metrics));
    return { server, plane, tls: JSON.stringify(xds.tls ?? null) };
  }
}

function subjectOf({ origin, spec, ...rest }: EnvoyAsked): Subject {
  return { ...rest, spec: withPaths(spec, origin) };
}
