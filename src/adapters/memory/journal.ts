// How is a journal kept in a test, and how does it fail there?
import { SerinError } from "../../core/issues.ts";
import {
  type Journal,
  type JournalEntry,
  type JournalRecord,
  type Saved,
  type Seq,
  StaleWrite,
} from "../../ports/journal.ts";

/** What goes wrong with one append: `refused` is not written, `lost` is written but its answer does not arrive. */
type AppendFault = "refused" | "lost";

/** What outlives the controllers: the disk, so to speak. */
export interface MemoryStore {
  /** Opens the journal. Refused with SERIN_JOURNAL_HELD while another handle is open, unless `shared`. */
  open(options?: MemoryJournalOptions): Promise<Journal>;
  /** What kill -9 does: every open handle is refused from now on, and the journal is free. */
  crash(): void;
}

/** How one handle behaves. */
interface MemoryJournalOptions {
  /** Several handles at once, to try stale controllers against the compare-and-set. */
  readonly shared?: boolean;
  /** Asked before each append what shall go wrong with it. */
  readonly fault?: (service: string, entry: JournalEntry) => AppendFault | undefined;
}

interface Kept {
  seq: Seq;
  format: number;
  /** As JSON, as a real journal keeps it: nobody can change it from outside. */
  state: string;
  readonly records: { readonly seq: Seq; readonly index: number; readonly record: string }[];
}

/** An empty store. */
export function createMemoryStore(): MemoryStore {
  const services = new Map<string, Kept>();
  let holders = new Set<Handle>();
  return {
    open: (options = {}) => {
      if (holders.size > 0 && !options.shared) return Promise.reject(held());
      const handle = new Handle(services, options);
      const mine = holders;
      mine.add(handle);
      handle.released = () => mine.delete(handle);
      return Promise.resolve(handle);
    },
    crash: () => {
      for (const handle of holders) handle.open = false;
      holders = new Set();
    },
  };
}

class Handle implements Journal {
  readonly kind = "memory";
  open = true;
  released: () => void = () => undefined;
  readonly #services: Map<string, Kept>;
  readonly #options: MemoryJournalOptions;

  constructor(services: Map<string, Kept>, options: MemoryJournalOptions) {
    this.#services = services;
    this.#options = options;
  }

  async list(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return [...this.#services.keys()].toSorted();
  }

  async load(service: string): Promise<Saved | undefined> {
    this.#mustBeOpen();
    const kept = this.#services.get(service);
    return kept && { seq: kept.seq, format: kept.format, state: JSON.parse(kept.state) };
  }

  async append(service: string, expected: Seq, entry: JournalEntry): Promise<Seq> {
    this.#mustBeOpen();
    const kept = this.#services.get(service);
    const stands = kept?.seq ?? 0;
    if (stands !== expected) throw new StaleWrite(`the journal of ${service} stands at ${stands}, not at ${expected}`);
    const fault = this.#options.fault?.(service, entry);
    if (fault === "refused") throw failed(service, "nothing was written");
    const seq = expected + 1;
    // Both may throw, so they come before anything is changed.
    const state = JSON.stringify(entry.state);
    const records = entry.records.map((record, index) => ({ seq, index, record: JSON.stringify(record) }));
    const next = kept ?? { seq, format: entry.format, state, records: [] };
    next.records.push(...records);
    this.#services.set(service, Object.assign(next, { seq, format: entry.format, state }));
    if (fault === "lost") throw failed(service, "the answer did not arrive");
    return seq;
  }

  async records(service: string, after: Seq, limit: number): Promise<readonly JournalRecord[]> {
    this.#mustBeOpen();
    const later = (this.#services.get(service)?.records ?? []).filter(({ seq }) => seq > after);
    const last = later[limit - 1]?.seq ?? Number.POSITIVE_INFINITY;
    return later
      .filter(({ seq }) => seq <= last)
      .map(({ seq, index, record }) => ({ seq, index, record: JSON.parse(record) as unknown }));
  }

  async remove(service: string): Promise<void> {
    this.#mustBeOpen();
    this.#services.delete(service);
  }

  async close(): Promise<void> {
    this.open = false;
    this.released();
  }

  #mustBeOpen(): void {
    if (!this.open) throw closed();
  }
}

function held(): SerinError {
  return new SerinError({
    code: "SERIN_JOURNAL_HELD",
    what: "The journal is held by another controller.",
    found: `process ${process.pid}`,
  });
}

function failed(service: string, found: string): SerinError {
  return new SerinError({ code: "SERIN_JOURNAL_FAILED", what: `The journal of ${service} was not written.`, found });
}

function closed(): SerinError {
  return new SerinError({ code: "SERIN_JOURNAL_CLOSED", what: "The journal is closed." });
}
