// Which control planes does one controller run, and who uses them?
import type { XdsChannel } from "../../core/spec/envoy.ts";
import { ABSENT, unreadable, type Call, type Observed } from "../../ports/observed.ts";
import type { Metrics, Router } from "../../ports/router.ts";
import type { Clock } from "../../ports/clock.ts";
import { ENVOY_ABILITIES } from "./abilities.ts";
import { withPaths } from "./certificates.ts";
import { addressOf, Plane, type Subject } from "./plane.ts";
import { createServedStore } from "./store.ts";
import { otherChannel } from "./troubles.ts";
import { LOG_NAME } from "./resources/names.ts";
import { loggedOf } from "./tally.ts";
import { checkWritten } from "./written.ts";
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
  /** Services that asked for it, and have not left. */
  readonly users: Set<string>;
}

/** So long Envoys have to hear that the last service has left. */
const LINGER_MS = 5_000;

export function createEnvoyHub(options: EnvoyHubOptions): EnvoyHub {
  return new Hub(options);
}

class Hub implements EnvoyHub {
  readonly #options: EnvoyHubOptions;
  readonly #opened = new Map<string, Promise<Opened>>();
  /** Addresses that are tried, by one after another. */
  readonly #tried = new Map<string, Promise<void>>();

  constructor(options: EnvoyHubOptions) {
    this.#options = options;
  }

  /** Nobody listens afterwards who did not before. */
  async check(asked: EnvoyAsked): Promise<void> {
    const subject = subjectOf(asked);
    const opened = await this.#opened.get(addressOf(subject.spec.xds));
    if (opened) {
      if (!this.#agree(subject, opened)) await lookAt(subject.spec.xds);
      return opened.plane.check(subject);
    }
    checkWritten(subject, createServedStore(this.#options.dir));
    await this.#try(subject.spec.xds);
  }

  async router(asked: EnvoyAsked): Promise<EnvoyRouter> {
    const subject = subjectOf(asked);
    const { clock } = this.#options;
    await this.#enter(subject);
    const opened = async (): Promise<Plane | undefined> => (await this.#opened.get(addressOf(subject.spec.xds)))?.plane;
    const router: Router = {
      kind: "envoy",
      can: ENVOY_ABILITIES,
      apply: async (route, call) => {
        const { plane } = await this.#enter(subject);
        await plane.apply(subject, route, call);
        await this.#leaveOthers(subject);
      },
      observe: async () => (await opened())?.observe(subject, clock.now()) ?? this.#untold(subject),
      remove: (call) => this.#remove(subject, call),
    };
    const metrics: Metrics = {
      kind: "envoy",
      read: async () => (await opened())?.counters(subject, clock.now()) ?? this.#untold(subject),
    };
    return { router, metrics, close: () => Promise.resolve() };
  }

  /** Nobody listens for Envoys, which go on with what they were told. */
  #untold({ service, spec }: Subject): Observed<never> {
    const address = addressOf(spec.xds);
    const written = createServedStore(this.#options.dir).read(service)?.served.spec.xds;
    if (!written || addressOf(written) !== address) return ABSENT;
    return unreadable(`nothing listens for the Envoys of ${service} at ${address}`);
  }

  async leave(service: string, call: Call): Promise<void> {
    const written = createServedStore(this.#options.dir).read(service);
    if (written) await this.#remove(written.served, call);
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    for (const one of all) if (one.status === "fulfilled") await one.value.server.close();
  }

  /** Those who are told of it are told so, whatever certificate it names. */
  async #remove(subject: Subject, call: Call): Promise<void> {
    const address = addressOf(subject.spec.xds);
    const opened = await (this.#opened.get(address) ?? this.#enter(subject));
    await opened.plane.remove(subject, call);
    this.#left(address, opened, subject.service);
  }

  /** A service that came from another channel is not told of there any more. */
  async #leaveOthers(subject: Subject): Promise<void> {
    for (const [address, opening] of this.#opened) {
      if (address === addressOf(subject.spec.xds)) continue;
      const opened = await opening;
      opened.plane.leave(subject);
      this.#left(address, opened, subject.service);
    }
  }

  #left(address: string, opened: Opened, service: string): void {
    opened.users.delete(service);
    if (usersOf(opened).length > 0) return;
    setTimeout(() => void this.#end(address, opened), LINGER_MS).unref();
  }

  async #end(address: string, opened: Opened): Promise<void> {
    const opening = this.#opened.get(address);
    const current = await opening?.catch(() => undefined);
    const isCurrent = current === opened && this.#opened.get(address) === opening;
    if (!isCurrent || usersOf(opened).length > 0) return;
    this.#opened.delete(address);
    await opened.server.close();
  }

  /** Other services there have a say in what the channel shows; the one that asks may change its mind. */
  #agree({ service, spec: { xds } }: Subject, opened: Opened): boolean {
    if (opened.tls === tlsOf(xds)) return true;
    if (usersOf(opened).some((other) => other !== service)) throw otherChannel(service, xds);
    return false;
  }

  async #enter(subject: Subject): Promise<Opened> {
    const address = addressOf(subject.spec.xds);
    for (;;) {
      const opening = this.#opened.get(address) ?? this.#opening(address, this.#open(subject));
      const opened = await opening;
      // Somebody else may have closed it in the meantime.
      if (this.#opened.get(address) !== opening) continue;
      if (this.#agree(subject, opened)) {
        opened.users.add(subject.service);
        return opened;
      }
      // One that cannot be used must not cost the Envoys the channel that they have.
      await lookAt(subject.spec.xds);
      if (this.#opened.get(address) !== opening) continue;
      void this.#opening(
        address,
        opened.server.close().then(() => this.#open(subject)),
      );
    }
  }

  #opening(address: string, opening: Promise<Opened>): Promise<Opened> {
    this.#opened.set(address, opening);
    opening.catch(() => {
      if (this.#opened.get(address) === opening) this.#opened.delete(address);
    });
    return opening;
  }

  /** Whether the address and its certificate can be had. */
  async #try(xds: XdsChannel): Promise<void> {
    const address = addressOf(xds);
    const before = this.#tried.get(address);
    const run = async (): Promise<void> => {
      await before;
      // Who opens it meanwhile finds out.
      if (!this.#opened.has(address)) await (await openXdsServer(xds)).close();
    };
    const trial = run();
    const done = trial.catch(() => undefined);
    this.#tried.set(address, done);
    try {
      await trial;
    } finally {
      if (this.#tried.get(address) === done) this.#tried.delete(address);
    }
  }

  async #open({ spec: { xds } }: Subject): Promise<Opened> {
    await this.#tried.get(addressOf(xds));
    const { dir, clock } = this.#options;
    const server = await openXdsServer(xds);
    const plane = new Plane({ channel: xds, discovery: server.discovery, store: createServedStore(dir), clock });
    server.listenAccess((_node, log, entry) => {
      if (log === LOG_NAME) plane.log(entry.cluster, loggedOf(entry));
    });
    server.listenMetrics((node, metrics) => plane.count(node, metrics));
    return { server, plane, tls: tlsOf(xds), users: new Set() };
  }
}

/** Whether a certificate can be used, at a port of nobody's. */
async function lookAt(xds: XdsChannel): Promise<void> {
  await (await openXdsServer({ ...xds, host: "127.0.0.1", port: 0 })).close();
}

const tlsOf = ({ tls }: XdsChannel): string => JSON.stringify(tls ?? null);

function usersOf({ users, plane }: Opened): readonly string[] {
  return [...users, ...plane.services];
}

function subjectOf({ origin, spec, ...rest }: EnvoyAsked): Subject {
  return { ...rest, spec: withPaths(spec, origin) };
}
