// What does a controller tell of itself, and to whom?
import type { Registry as AnyRegistry } from "prom-client";
import type { ServiceState } from "../core/engine/state.ts";
import type { Listen } from "../core/spec/listen.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "../ports/journal.ts";
import type { Messenger } from "../ports/messenger.ts";
import type { Seen } from "../runtime/controller.ts";
import type { Factory, Pass, Told } from "../runtime/parts.ts";
import { toldMessenger, type Asked, type Delivered } from "./happened.ts";
import type { Log, LogOptions } from "./log.ts";
import { partOf, type Counts } from "./metrics/counts.ts";
import type { OpenPages } from "./page.ts";
import { timed, timedFactory, type OnCall } from "./timed.ts";
import { Life, type EndedSpan } from "./trace/life.ts";
import type { Spans } from "./trace/otlp.ts";

/** What is wanted; nothing is loaded that is not. */
export interface TelemetryOptions {
  readonly version: string;
  readonly clock: Clock;
  /** Where metrics and targets are served. */
  readonly metrics?: Listen | undefined;
  readonly log?: LogOptions | undefined;
  /** Where spans are sent; `environment` says that OpenTelemetry's own variables name it. */
  readonly otlp?: { readonly url: string } | "environment" | undefined;
}

interface Metered {
  readonly registry: AnyRegistry;
  readonly counts: Counts;
  readonly listen: Listen;
}

/** Listens to one controller. */
export class Telemetry {
  readonly log: Log | undefined;
  readonly #clock: Clock;
  readonly #metered: Metered | undefined;
  readonly #spans: Spans | undefined;
  readonly #lives = new Map<string, Life>();
  #pages: OpenPages | undefined;

  private constructor(
    clock: Clock,
    parts: { metered?: Metered | undefined; log?: Log | undefined; spans?: Spans | undefined },
  ) {
    this.#clock = clock;
    this.#metered = parts.metered;
    this.log = parts.log;
    this.#spans = parts.spans;
  }

  /** Throws a SerinError for what cannot be opened. */
  static async open({ version, clock, metrics, log: logged, otlp }: TelemetryOptions): Promise<Telemetry> {
    const metered = metrics && (await meter(version, metrics));
    const log = logged && (await import("./log.ts")).openLog(logged);
    const trouble = troubleOnce((event) => telemetry.told(event));
    const spans =
      otlp &&
      (await import("./trace/otlp.ts")).openSpans({
        ...(otlp === "environment" ? {} : { url: otlp.url }),
        version,
        onTrouble: trouble,
      });
    const telemetry: Telemetry = new Telemetry(clock, { metered, log, spans });
    return telemetry;
  }

  /** Where the metrics are. */
  get url(): string | undefined {
    return this.#pages?.url;
  }

  /** Serves the pages of the services that `each` sees. */
  async serve(each: () => Iterable<Seen>): Promise<void> {
    const metered = this.#metered;
    if (!metered) return;
    const { openPages } = await import("./page.ts");
    const { pageOf } = await import("./metrics/collect.ts");
    const { targetsOf } = await import("./targets.ts");
    this.#pages = await openPages(metered.listen, {
      metrics: () => pageOf(metered.registry, each(), this.#clock.now()),
      targets: () => targetsOf(each()),
    });
  }

  told(event: Told): void {
    this.log?.told(event);
    this.#count(event);
    if (event.kind === "decided") this.#spans?.add(this.#lives.get(event.service)?.decided(event.records) ?? []);
    else if (event.kind === "removed") this.#lives.delete(event.service);
  }

  passed({ state, tookMs, lagMs }: Pass): void {
    this.#metered?.counts.pass.observe(tookMs / 1_000);
    if (lagMs !== undefined) this.#metered?.counts.lag.observe(lagMs / 1_000);
    if (this.#spans) this.#spans.add(this.#follow(state));
  }

  /** Follows rollouts that were under way before this controller. */
  takeUp(services: readonly Seen[]): void {
    if (this.#spans) for (const { state } of services) this.#lives.set(state.service, new Life(state));
  }

  journal(journal: Journal): Journal {
    return this.#metered ? timed("journal", journal, this.#onCall) : journal;
  }

  factory(factory: Factory): Factory {
    return this.#metered ? timedFactory(factory, this.#onCall) : factory;
  }

  messenger(messenger: Messenger): Messenger {
    const counted = this.#metered ? timed("messenger", messenger, this.#onCall) : messenger;
    return toldMessenger(counted, (delivered) => this.#delivered(delivered));
  }

  asked(command: Asked): void {
    this.#metered?.counts.commands.inc({ kind: command.kind, outcome: command.outcome });
    this.log?.asked(command);
  }

  async close(): Promise<void> {
    await this.#pages?.close();
    await this.#spans?.close();
    this.log?.close();
  }

  readonly #onCall: OnCall = ({ seconds, ...labels }) => this.#metered?.counts.calls.observe({ ...labels }, seconds);

  #follow(state: ServiceState): readonly EndedSpan[] {
    const known = this.#lives.get(state.service);
    if (known) return known.see(state, this.#clock.now());
    this.#lives.set(state.service, new Life(state));
    return [];
  }

  #count(event: Told): void {
    const counts = this.#metered?.counts;
    if (!counts) return;
    if (event.kind === "trouble") counts.troubles.inc({ part: partOf(event.part) });
    if (event.kind !== "decided") return;
    for (const { kind, outcome } of event.records) {
      counts.decisions.inc({ kind });
      if (kind === "ended" && outcome) counts.ended.inc({ outcome });
    }
  }

  #delivered(delivered: Delivered): void {
    const { purpose, ok } = delivered;
    this.#metered?.counts.messages.inc({ purpose, outcome: ok ? "ok" : "failed" });
    this.log?.delivered(delivered);
  }
}

async function meter(version: string, listen: Listen): Promise<Metered> {
  const { collectDefaultMetrics, Registry } = await import("prom-client");
  const { makeCounts } = await import("./metrics/counts.ts");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counts = makeCounts(registry);
  counts.build.set({ version, node: process.versions.node }, 1);
  return { registry, counts, listen };
}

/** Says that spans cannot be sent when that begins, and when it has ended. */
function troubleOnce(tell: (event: Told) => void): (why: string | undefined) => void {
  let isBad = false;
  return (why) => {
    if (why !== undefined && !isBad) tell({ kind: "trouble", service: "", part: "telemetry", why });
    if (why === undefined && isBad) tell({ kind: "cleared", service: "", part: "telemetry" });
    isBad = why !== undefined;
  };
}
