// Who reads the figures that a rollout file says others keep?
import { resolve } from "node:path";
import type { Connection } from "../core/spec/connection.ts";
import type { SourceSpec } from "../core/spec/sources.ts";
import type { Clock } from "../ports/clock.ts";
import type { SignalSource } from "../ports/signals.ts";
import type { Web } from "../ports/web.ts";
import { Poller } from "./figures/poller.ts";
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
  readonly hub: Hub;
  readonly poller: Poller;
  readonly web: Web;
  users: number;
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
    const signals = used.flatMap(
      ({
        name,
        source,
        taken: {
          shared: { hub, poller },
        },
      }) => {
        const { match, delayMs } = source;
        const matching = { service, match, metricsPort };
        return [
          createPrometheusSource({ name, hub, clock: this.#clock, matching, delayMs }),
          poller.signals({ service, name, all: false }),
        ];
      },
    );
    return { signals, close: () => used.forEach(({ taken }) => taken.leave()) };
  }

  #take(source: SourceSpec, origin: string): { readonly shared: Shared; readonly leave: () => void } {
    const connection = anchoredConnection(source, origin);
    const { url, everyMs, timeoutMs, windowMs, delayMs } = source;
    const key = JSON.stringify([url, everyMs, timeoutMs, windowMs, delayMs, connection]);
    const shared = this.#shared.get(key) ?? this.#open(source, connection);
    this.#shared.set(key, shared);
    shared.users += 1;
    const leave = (): void => {
      shared.users -= 1;
      if (shared.users > 0) return;
      this.#shared.delete(key);
      shared.poller.close();
      shared.web.close();
    };
    return { shared, leave };
  }

  #open({ url, everyMs, timeoutMs, windowMs, delayMs }: SourceSpec, connection: Connection): Shared {
    const clock = this.#clock;
    const web = createWeb({ connection, secrets: () => new Secrets() });
    const server = { url: url.replace(/\/+$/u, ""), web, timeoutMs };
    const hub = new Hub({ clock, server, everyMs, windowMs });
    const poller = new Poller({ clock, figures: createPrometheusFigures(server), everyMs, delayMs, timeoutMs });
    return { hub, poller, web, users: 0 };
  }
}
