// Who reads the figures that a rollout file says others keep?
import { resolve } from "node:path";
import type { Connection } from "../core/spec/connection.ts";
import type { PrometheusSpec, SourceSpec } from "../core/spec/sources.ts";
import { anchoredVendor, type VendorSpec } from "../core/spec/vendors.ts";
import type { Clock } from "../ports/clock.ts";
import type { SignalSource } from "../ports/signals.ts";
import type { Web } from "../ports/web.ts";
import { Poller } from "./figures/poller.ts";
import { createVendor } from "./figures/vendor.ts";
import { Secrets } from "./secrets.ts";
import { createPrometheusFigures } from "./prometheus/figures.ts";
import { Hub } from "./prometheus/hub.ts";
import { createPrometheusSource } from "./prometheus/source.ts";
import { createWeb } from "./web/web.ts";

/** Requests to a server, with the papers that the file names. */
export function webOf(connection: Connection, origin: string): Web {
  return createWeb({ connection: anchoredConnection(connection, origin), secrets: () => new Secrets() });
}

/** The same with its files from the folder of the rollout file. */
function anchoredConnection({ basic, bearer, headers, tls }: Connection, origin: string): Connection {
  const secret = <T>(text: T): T =>
    typeof text === "object" && text !== null && "file" in text
      ? { ...text, file: resolve(origin, String(text.file)) }
      : text;
  const path = (file: string | undefined) => (file === undefined ? undefined : resolve(origin, file));
  return {
    ...(basic && { basic: { user: secret(basic.user), password: secret(basic.password) } }),
    ...(bearer && { bearer: secret(bearer) }),
    ...(headers && {
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, secret(text)])),
    }),
    ...(tls && { tls: { ...tls, ca: path(tls.ca), cert: path(tls.cert), key: path(tls.key) } }),
  };
}

/** What is read for a service. */
interface SourcesAsked {
  readonly service: string;
  /** The folder that paths start from. */
  readonly origin: string;
  readonly sources: Readonly<Record<string, SourceSpec>>;
  /** The port of the replicas' metrics page, where it is not the one that serves requests. */
  readonly metricsPort?: number | undefined;
}

/** Whoever asks one server, for all services that are told by it. */
interface Shared {
  signals(told: Told): readonly SignalSource[];
  close(): void;
  users: number;
}

/** Whom a source tells, and under which name. */
interface Told {
  readonly service: string;
  readonly name: string;
  readonly metricsPort?: number | undefined;
  /** By which labels series are its own. */
  readonly match?: PrometheusSpec["match"];
}

/** The sources of all services. Those whose server and way to it are the same share their questions. */
export class Sources {
  readonly #clock: Clock;
  readonly #shared = new Map<string, Shared>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What a service's file names; `close` when it names others. */
  of({ service, origin, sources, metricsPort }: SourcesAsked): {
    readonly signals: readonly SignalSource[];
    close(): void;
  } {
    const used = Object.entries(sources).map(([name, source]) => ({ name, source, taken: this.#take(source, origin) }));
    const signals = used.flatMap(({ name, source, taken }) => {
      const match = source.kind === "prometheus" ? source.match : undefined;
      return taken.shared.signals({ service, name, metricsPort, match });
    });
    return { signals, close: () => used.forEach(({ taken }) => taken.leave()) };
  }

  #take(asked: SourceSpec, origin: string): { readonly shared: Shared; readonly leave: () => void } {
    const source = anchored(asked, origin);
    // Whose a series is, is found out after the answer.
    const key = JSON.stringify({ ...source, match: undefined });
    const shared = this.#shared.get(key) ?? this.#open(source);
    this.#shared.set(key, shared);
    shared.users += 1;
    const leave = (): void => {
      shared.users -= 1;
      if (shared.users > 0) return;
      this.#shared.delete(key);
      shared.close();
    };
    return { shared, leave };
  }

  #open(source: SourceSpec): Shared {
    return source.kind === "prometheus" ? openPrometheus(source, this.#clock) : openVendor(source, this.#clock);
  }
}

/** The same with its files from the folder of the rollout file. */
function anchored(source: SourceSpec, origin: string): SourceSpec {
  if (source.kind !== "prometheus") return anchoredVendor(source, origin);
  return { ...source, ...anchoredConnection(source, origin) };
}

/** Series by their labels, replica by replica; and single figures, pool by pool. */
function openPrometheus(source: PrometheusSpec, clock: Clock): Shared {
  const { url, everyMs, timeoutMs, windowMs, delayMs } = source;
  const web = createWeb({ connection: source, secrets: () => new Secrets() });
  const server = { url: url.replace(/\/+$/u, ""), web, timeoutMs };
  const hub = new Hub({ clock, server, everyMs, windowMs });
  const poller = new Poller({ clock, figures: createPrometheusFigures(server), everyMs, delayMs, timeoutMs });
  return {
    users: 0,
    signals: ({ service, name, metricsPort, match }) => [
      createPrometheusSource({ name, hub, clock, matching: { service, match, metricsPort }, delayMs }),
      poller.signals({ service, name, all: false }),
    ],
    close: () => {
      poller.close();
      web.close();
    },
  };
}

/** Single figures, pool by pool. */
function openVendor(source: VendorSpec, clock: Clock): Shared {
  const { everyMs, delayMs, timeoutMs } = source;
  const figures = createVendor(source, { clock });
  const poller = new Poller({ clock, figures, everyMs, delayMs, timeoutMs });
  return {
    users: 0,
    signals: ({ service, name }) => [poller.signals({ service, name, all: true })],
    close: () => poller.close(),
  };
}
