// How do several worker threads serve one port, and what if one of them dies?
import type { Ms } from "../core/units.ts";
import type { ProxyConfig } from "./config.ts";
import type { Comparison } from "../core/comparison.ts";
import type { Ports, TlsPair } from "./data-plane.ts";
import type { CopyTotals } from "./mirror/book.ts";
import { MirrorBooks } from "./mirror/books.ts";
import { createLedger, type Count } from "./ledger.ts";
import type { Command, Report } from "./messages.ts";
import { changed, routesOf, undoOf, type Change, type Routes, type ServedRoute } from "./served.ts";
import { startThread, ThreadGone, ThreadSilent, type Thread } from "./thread.ts";

/** What the workers stand at together. */
interface FleetReport {
  readonly counts: readonly Count[];
  readonly busy: readonly string[];
  /** Of copies of requests, by section; a comparison while answers are compared there. */
  readonly copies: ReadonlyMap<string, CopyTotals>;
  readonly comparisons: ReadonlyMap<string, Comparison>;
  /** Workers that listen at this moment. */
  readonly alive: number;
}

export interface Fleet {
  readonly ports: Ports;
  /** The routes that every worker follows; none before the first. */
  readonly routes: Routes;
  /** Resolves once every worker follows the change; when one refuses, all go back to what was before, and it rejects. */
  change(change: Change): Promise<void>;
  setTls(pair: TlsPair): Promise<void>;
  read(): Promise<FleetReport>;
  /** Lets requests under way end, then ends every worker. */
  drain(timeoutMs: Ms): Promise<void>;
  /** Ends every worker at once. */
  terminate(): Promise<void>;
  /** Threads that live at this moment. */
  threads(): readonly Thread[];
}

export interface FleetOptions {
  readonly config: ProxyConfig;
  /** Whether this system lets several listen on one port; needed for more than one worker. */
  readonly shared: boolean;
  readonly tls?: TlsPair | undefined;
  readonly routes: readonly ServedRoute[];
  readonly log: (line: string) => void;
}

interface Slot {
  readonly index: number;
  thread: Thread | undefined;
  listens: boolean;
  /** Once all have started, a worker that ends is replaced; before, the start has failed. */
  permanent: boolean;
  busy: readonly string[];
  startedAt: number;
  /** Deaths in a row, each soon after its start. */
  deaths: number;
}

const ANSWER_MS = 5_000;
const READ_MS = 1_000;
const WATCH_EVERY_MS = 1_000;
const SILENT_MS = 10_000;
const FORGET_MS = 3_600_000;
/** A worker that has lived so long was not ended by its start. */
const SETTLED_MS = 10_000;

/** Starts all workers. The first one decides whether the port is free, and which it is; rejects with its listen error. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const fleet = new Workers(options);
  try {
    await fleet.start();
  } catch (error) {
    await fleet.terminate();
    throw error;
  }
  return fleet;
}

class Workers implements Fleet {
  ports: Ports;
  routes: Routes;
  readonly #slots: Slot[] = [];
  readonly #ledger = createLedger(Date.now);
  readonly #books = new MirrorBooks();
  readonly #options: FleetOptions;
  #tls: TlsPair | undefined;
  #stopping = false;
  #watch: NodeJS.Timeout | undefined;
  #watchedAt = Date.now();
  /** Every thread gets a number of its own in the ledger: a replacement counts from 0. */
  #lives = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.routes = routesOf(options.routes);
    this.#books.follow(this.routes);
    this.#tls = options.tls;
    this.ports = { port: options.config.port, preview: options.config.preview?.port };
  }

  async start(): Promise<void> {
    for (let index = 0; index < this.#options.config.workers; index++) {
      this.#slots.push({
        index,
        thread: undefined,
        listens: false,
        permanent: false,
        busy: [],
        startedAt: 0,
        deaths: 0,
      });
    }
    const [first, ...others] = this.#slots;
    if (first) this.ports = await this.#open(first);
    await Promise.all(others.map((slot) => this.#open(slot)));
    for (const slot of this.#slots) slot.permanent = true;
    this.#watch = setInterval(() => this.#look(), WATCH_EVERY_MS);
  }

  #open(slot: Slot): Promise<Ports> {
    const life = ++this.#lives;
    const { shared } = this.#options;
    const config = this.#config();
    const routes = [...this.routes.values()];
    const thread = startThread({ config, shared, tls: this.#tls, routes }, (report: Report) => {
      this.#ledger.report(life, report.counts);
      for (const mirrored of report.mirrored) {
        this.#ledger.add(mirrored.counts);
        this.#books.take(mirrored);
      }
      slot.busy = report.busy;
    });
    slot.thread = thread;
    slot.startedAt = Date.now();
    thread.worker.once("exit", () => {
      this.#ledger.retire(life);
      slot.thread = undefined;
      slot.listens = false;
      slot.busy = [];
      if (slot.permanent && !this.#stopping) this.#replaceSoon(slot);
    });
    return this.#listening(slot, thread);
  }

  /** All workers listen on the ports that the first one was given. */
  #config(): ProxyConfig {
    const { config } = this.#options;
    const { port, preview } = this.ports;
    return { ...config, port, preview: config.preview && { ...config.preview, port: preview ?? config.preview.port } };
  }

  async #listening(slot: Slot, thread: Thread): Promise<Ports> {
    const ports = await thread.listening;
    slot.listens = true;
    return ports;
  }

  #replaceSoon(slot: Slot): void {
    slot.deaths = Date.now() - slot.startedAt > SETTLED_MS ? 1 : slot.deaths + 1;
    const waitMs = slot.deaths === 1 ? 0 : Math.min(5_000, 50 * 2 ** slot.deaths);
    this.#options.log(`worker ${slot.index + 1} ended; another takes its place in ${waitMs} ms`);
    setTimeout(() => this.#replace(slot), waitMs);
  }

  #replace(slot: Slot): void {
    if (this.#stopping) return;
    this.#open(slot).catch((error: Error) => this.#options.log(`worker ${slot.index + 1}: ${error.message}`));
  }

  /** Ends workers that say nothing any more. If this thread itself was held up, nobody is late. */
  #look(): void {
    const now = Date.now();
    const heldUp = now - this.#watchedAt > SILENT_MS / 2;
    this.#watchedAt = now;
    this.#ledger.forget(now - FORGET_MS);
    for (const { index, thread, listens } of this.#slots) {
      if (heldUp || !listens || !thread || now - thread.heardAt() < SILENT_MS) continue;
      this.#options.log(`worker ${index + 1} has said nothing for ${now - thread.heardAt()} ms and is ended`);
      void thread.worker.terminate();
    }
  }

  async change(change: Change): Promise<void> {
    const before = this.routes;
    this.#follow(changed(before, change));
    const asked = await this.#ask(change, ANSWER_MS);
    const refused = asked.find((result) => result !== undefined);
    if (!refused) return;
    this.#follow(before);
    await this.#ask(undoOf(change, before), ANSWER_MS);
    throw refused;
  }

  #follow(routes: Routes): void {
    this.routes = routes;
    this.#books.follow(routes);
  }

  async setTls(pair: TlsPair): Promise<void> {
    this.#tls = pair;
    const refused = (await this.#ask({ op: "tls", pair }, ANSWER_MS)).find((result) => result !== undefined);
    if (refused) throw refused;
  }

  async read(): Promise<FleetReport> {
    await this.#ask({ op: "read" }, READ_MS);
    return {
      counts: this.#ledger.totals(),
      busy: [...new Set(this.#slots.flatMap((slot) => slot.busy))],
      copies: this.#books.totals(),
      comparisons: this.#books.comparisons(),
      alive: this.#slots.filter((slot) => slot.listens).length,
    };
  }

  /** Asks all workers; answers with each one's refusal. One that died has none: its replacement starts with the new state. */
  async #ask(command: Command, timeoutMs: number): Promise<readonly (Error | undefined)[]> {
    const isRead = command.op === "read";
    return Promise.all(
      this.threads().map(async (thread) => {
        try {
          await thread.ask(command, timeoutMs);
          return undefined;
        } catch (error) {
          if (error instanceof ThreadGone) return undefined;
          if (error instanceof ThreadSilent && !isRead) await thread.worker.terminate();
          return error as Error;
        }
      }),
    );
  }

  async drain(timeoutMs: Ms): Promise<void> {
    this.#stop();
    await this.#ask({ op: "drain", timeoutMs }, timeoutMs + ANSWER_MS);
    await this.terminate();
  }

  async terminate(): Promise<void> {
    this.#stop();
    await Promise.all(this.threads().map((thread) => thread.worker.terminate()));
  }

  #stop(): void {
    this.#stopping = true;
    clearInterval(this.#watch);
  }

  threads(): readonly Thread[] {
    return this.#slots.flatMap((slot) => slot.thread ?? []);
  }
}
