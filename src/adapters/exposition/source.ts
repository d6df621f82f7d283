// What do the replicas' own metrics pages tell?
import { Agent } from "node:http";
import { answeredBy } from "../../core/exposition/names.ts";
import { type Page, parsePage } from "../../core/exposition/parse.ts";
import { readPage } from "../../core/exposition/read.ts";
import { readSelector, type Selector } from "../../core/exposition/selector.ts";
import { messageOf } from "../../core/issues.ts";
import type { Reading, Signals, SignalSeries, SignalWanted } from "../../core/signals.ts";
import { ms, type Ms } from "../../core/units.ts";
import { readyAmong, type RunningPool } from "../../core/world.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import type { SignalSource } from "../../ports/signals.ts";
import { withCall } from "../../ports/waiting.ts";
import { fetchPage } from "./fetch.ts";
import { Lives } from "./lives.ts";

/** Where pages are and how often they are read. */
export interface ExpositionSourceOptions {
  readonly clock: Clock;
  /** `/metrics`. */
  readonly path: string;
  /** Default 5 s. */
  readonly everyMs?: Ms | undefined;
  /** How long one replica may take. Default 2 s. */
  readonly timeoutMs?: Ms | undefined;
  /** When the page is not on the port that serves requests. */
  readonly port?: number | undefined;
  /** The largest page. Default 16 MiB. */
  readonly mostBytes?: number | undefined;
}

/** A source with connections of its own. */
export interface ExpositionSource extends SignalSource {
  /** Lets go of its connections; a round under way ends with troubles. */
  close(): void;
}

/**
 * Asks every ready replica for its page at once, at most every `everyMs`. A round goes on by itself: a read answers the
 * last one, so that a slow replica delays nobody. A read waits for the round only when there is none, when that is
 * older than twice `everyMs`, or when other names are wanted than before.
 */
export function createExpositionSource(options: ExpositionSourceOptions): ExpositionSource {
  return new Expositions(options);
}

/** So many pages are fetched at a time. */
const AT_A_TIME = 16;
const MOST_BYTES = 16 * 1_048_576;

interface Target {
  readonly replica: string;
  readonly pool: string;
  readonly host: string;
  readonly port: number;
}

/** Whom a round is about. */
interface Asked {
  readonly targets: readonly Target[];
  readonly at: Ms;
}

/** What is wanted, with its selector; names that are no selector are told apart. */
interface Wanted {
  readonly key: string;
  readonly selectors: readonly (SignalWanted & { readonly selector: Selector })[];
  readonly troubles: readonly string[];
  readonly names: ReadonlySet<string>;
}

/** What became of one replica in a round. */
interface Outcome {
  readonly series?: SignalSeries;
  readonly troubles: readonly string[];
  /** Why its page could not be read. */
  readonly failed?: string;
}

interface Round {
  readonly key: string;
  readonly beganMs: Ms;
  readonly done: Promise<Observed<Signals>>;
}

class Expositions implements ExpositionSource {
  readonly kind = "exposition";
  readonly #options: ExpositionSourceOptions;
  readonly #everyMs: Ms;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #closing = new AbortController();
  readonly #lives = new Lives();
  #wanted: Wanted = { key: "", selectors: [], troubles: [], names: new Set() };
  #round: Round | undefined;
  #last: { readonly key: string; readonly beganMs: Ms; readonly observed: Observed<Signals> } | undefined;

  constructor(options: ExpositionSourceOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? ms(5_000);
  }

  covers(name: string): boolean {
    return answeredBy(name) === "exposition";
  }

  async read(wanted: readonly SignalWanted[], pools: readonly RunningPool[], call: Call): Promise<Observed<Signals>> {
    call.signal.throwIfAborted();
    const asked = this.#understand(wanted.filter(({ name }) => this.covers(name)));
    const now = this.#options.clock.now();
    const last = this.#last?.key === asked.key ? this.#last : undefined;
    if (last && now - last.beganMs < this.#everyMs) return last.observed;
    const running = this.#round?.key === asked.key ? this.#round : this.#begin(asked, pools, now);
    if (last && now - last.beganMs < 2 * this.#everyMs) return last.observed;
    return await withCall(running.done, call);
  }

  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  #understand(wanted: readonly SignalWanted[]): Wanted {
    const key = JSON.stringify(wanted.map(({ name, kind }) => [name, kind]));
    if (this.#wanted.key === key) return this.#wanted;
    const troubles: string[] = [];
    const selectors = wanted.flatMap((one) => {
      const read = readSelector(one.name);
      if (read.ok) return [{ ...one, selector: read.selector }];
      troubles.push(`${one.name}: at character ${read.at + 1}: ${read.why}`);
      return [];
    });
    this.#wanted = { key, selectors, troubles, names: new Set(selectors.map(({ name }) => name)) };
    return this.#wanted;
  }

  #begin(asked: Wanted, pools: readonly RunningPool[], beganMs: Ms): Round {
    const { port } = this.#options;
    const targets = pools.flatMap(({ pool, replicas }) =>
      readyAmong(replicas).map((replica): Target => {
        return { replica: replica.id, pool, host: replica.host, port: port ?? replica.port };
      }),
    );
    this.#lives.keep(new Set(pools.flatMap(({ replicas }) => replicas.map(({ id }) => id))));
    const done = this.#ask(asked, { targets, at: beganMs }).then((observed) => {
      // A round for other names may have begun since; the later one stays.
      if (this.#round === round) {
        this.#last = { key: asked.key, beganMs, observed };
        this.#round = undefined;
      }
      return observed;
    });
    const round: Round = { key: asked.key, beganMs, done };
    this.#round = round;
    return round;
  }

  /** Never rejects. */
  async #ask(asked: Wanted, { targets, at }: Asked): Promise<Observed<Signals>> {
    if (asked.selectors.length === 0) return seen({ at, series: [], troubles: asked.troubles });
    const outcomes = await inBatches(targets, (target) => this.#askOne(asked, target));
    const failed = outcomes.flatMap((outcome) => outcome.failed ?? []);
    if (targets.length > 0 && failed.length === targets.length) {
      const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
      return unreadable(`no metrics page can be read: ${failed[0] ?? ""}${more}`);
    }
    const series = outcomes.flatMap((outcome) => outcome.series ?? []);
    const troubles = [...asked.troubles, ...failed, ...outcomes.flatMap((one) => one.troubles)];
    return seen({ at, series, troubles });
  }

  async #askOne(wanted: Wanted, target: Target): Promise<Outcome> {
    const { path, timeoutMs = ms(2_000), mostBytes = MOST_BYTES } = this.#options;
    try {
      const { host, port } = target;
      const from = { host, port, path, agent: this.#agent, timeoutMs, mostBytes, signal: this.#closing.signal };
      const { text, format } = await fetchPage(from);
      return this.#readAll(wanted, target, parsePage(text, format));
    } catch (error) {
      this.#lives.failed(target.replica);
      return { troubles: [], failed: `${target.replica}: ${messageOf(error)}` };
    }
  }

  #readAll({ selectors, names }: Wanted, { replica, pool }: Target, page: Page): Outcome {
    const read: Record<string, Reading> = {};
    const troubles: string[] = [];
    for (const { name, kind, selector } of selectors) {
      const found = readPage(page, selector, kind);
      if (found.ok) read[name] = found.reading;
      else troubles.push(`${name}: ${replica} ${found.why}`);
    }
    const { epoch, values, shrunk } = this.#lives.live(replica, page, { values: read, asked: names });
    for (const name of shrunk) {
      troubles.push(`${name}: ${replica} counts less than before, though its process is the same: a series is gone`);
    }
    return { series: { replica, pool, epoch, values }, troubles };
  }
}

/** Works on all, so many at a time, in their order. */
async function inBatches<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < all.length; at = next++) {
      const one = all[at];
      if (one !== undefined) results[at] = await work(one);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, all.length) }, worker));
  return results;
}
