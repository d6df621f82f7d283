// How does a controller die at any moment, without a process to kill?
import { SerinError } from "../core/issues.ts";
import type { Ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal, JournalEntry, Seq } from "../ports/journal.ts";
import { ABSENT } from "../ports/observed.ts";
import type { Metrics, Router } from "../ports/router.ts";
import type { SignalSource } from "../ports/signals.ts";
import type { Workload } from "../ports/workload.ts";

/** What shall happen around an append: die before it is written, or after; be refused; lose the answer. */
export type AppendFate = "die-before" | "die-after" | "refused" | "lost" | undefined;

/** What the world wants to know of a journal, and has to say. */
export interface Appends {
  fate(service: string): AppendFate;
  written(service: string, entry: JournalEntry): void;
  /** Whether nothing can be read either. */
  isDown(): boolean;
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});

/**
 * One life of a controller. All that it has of the world goes through here; once it is dead nothing comes back from
 * there and nothing gets out, which is all that the world can tell of a killed process.
 */
export class Life {
  dead = false;

  kill(): void {
    this.dead = true;
  }

  /** Does something in the world, unless dead, and comes back, unless dead by then. */
  async through<T>(act: () => Promise<T>): Promise<T> {
    if (this.dead) return never();
    try {
      const value = await act();
      return this.dead ? await never<T>() : value;
    } catch (error) {
      if (this.dead) return never();
      throw error;
    }
  }

  /** The clock, and how long a sleep really takes. */
  clock(clock: Clock, lastingMs: (durationMs: Ms) => Ms): Clock {
    return {
      now: () => clock.now(),
      sleep: (durationMs: Ms, signal?: AbortSignal) => this.through(() => clock.sleep(lastingMs(durationMs), signal)),
    };
  }

  workload(workload: Workload): Workload {
    return {
      kind: workload.kind,
      can: workload.can,
      apply: (pools, busy, call) => this.through(() => workload.apply(pools, busy, call)),
      observe: (call) => this.through(() => workload.observe(call)),
    };
  }

  router(router: Router): Router {
    return {
      kind: router.kind,
      can: router.can,
      apply: (route, call) => this.through(() => router.apply(route, call)),
      observe: (call) => this.through(() => router.observe(call)),
      remove: (call) => this.through(() => router.remove(call)),
    };
  }

  metrics(metrics: Metrics): Metrics {
    return {
      kind: metrics.kind,
      read: (call) => this.through(() => metrics.read(call)),
      comparison: (call) => this.through(async () => (await metrics.comparison?.(call)) ?? ABSENT),
    };
  }

  signals(source: SignalSource): SignalSource {
    return {
      kind: source.kind,
      covers: (name) => source.covers(name),
      read: (wanted, pools, call) => this.through(() => source.read(wanted, pools, call)),
    };
  }

  journal(journal: Journal, appends: Appends): Journal {
    return {
      kind: journal.kind,
      list: () => this.through(() => this.#read(appends, () => journal.list())),
      load: (service) => this.through(() => this.#read(appends, () => journal.load(service))),
      append: (service, expected, entry) =>
        this.through(() => this.#append(journal, appends, { service, expected, entry })),
      records: (service, after, limit) => this.through(() => journal.records(service, after, limit)),
      remove: (service) => this.through(() => journal.remove(service)),
      close: () => this.through(() => journal.close()),
    };
  }

  #read<T>(appends: Appends, read: () => Promise<T>): Promise<T> {
    return appends.isDown() ? Promise.reject(failed("the services", "the disk does not answer")) : read();
  }

  async #append(
    journal: Journal,
    appends: Appends,
    { service, expected, entry }: { service: string; expected: Seq; entry: JournalEntry },
  ): Promise<Seq> {
    const fate = appends.fate(service);
    if (fate === "refused") throw failed(service, "nothing was written");
    if (fate === "die-before") {
      this.kill();
      return never();
    }
    const seq = await journal.append(service, expected, entry);
    appends.written(service, entry);
    if (fate === "die-after") this.kill();
    if (fate === "lost") throw failed(service, "the answer did not arrive");
    return seq;
  }
}

function failed(service: string, found: string): SerinError {
  return new SerinError({ code: "SERIN_JOURNAL_FAILED", what: `The journal of ${service} was not written.`, found });
}
