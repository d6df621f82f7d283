// How is a journal kept that ends with its rehearsal?
import { SerinError } from "../core/issues.ts";
import {
  StaleWrite,
  type Journal,
  type JournalEntry,
  type JournalRecord,
  type Saved,
  type Seq,
} from "../ports/journal.ts";

interface Kept {
  readonly seq: Seq;
  readonly entry: JournalEntry;
  readonly records: JournalRecord[];
}

/** What outlives the controllers of one world. */
export interface KeptStore {
  open(): Promise<Journal>;
  /** Every open journal is refused from now on. */
  crash(): void;
}

/** Keeps states as they are, without a copy: nobody changes one, and writing them out takes a sixth of a rehearsal. */
export function createKeptStore(): KeptStore {
  const services = new Map<string, Kept>();
  let life = 0;
  return {
    open: async () => {
      const mine = life;
      return new KeptJournal(services, () => life === mine);
    },
    crash: () => {
      life += 1;
    },
  };
}

class KeptJournal implements Journal {
  readonly kind = "kept";
  readonly #services: Map<string, Kept>;
  readonly #isOpen: () => boolean;

  constructor(services: Map<string, Kept>, isOpen: () => boolean) {
    this.#services = services;
    this.#isOpen = isOpen;
  }

  async list(): Promise<readonly string[]> {
    return [...this.#services.keys()].toSorted();
  }

  async load(service: string): Promise<Saved | undefined> {
    const kept = this.#services.get(service);
    return kept && { seq: kept.seq, format: kept.entry.format, state: kept.entry.state };
  }

  async append(service: string, expected: Seq, entry: JournalEntry): Promise<Seq> {
    if (!this.#isOpen()) throw new SerinError({ code: "SERIN_JOURNAL_CLOSED", what: "The journal is closed." });
    const kept = this.#services.get(service);
    const stands = kept?.seq ?? 0;
    if (stands !== expected) throw new StaleWrite(`the journal of ${service} stands at ${stands}, not at ${expected}`);
    const seq = expected + 1;
    const records = kept?.records ?? [];
    records.push(...entry.records.map((record, index) => ({ seq, index, record })));
    this.#services.set(service, { seq, entry, records });
    return seq;
  }

  async records(service: string, after: Seq, limit: number): Promise<readonly JournalRecord[]> {
    const later = (this.#services.get(service)?.records ?? []).filter(({ seq }) => seq > after);
    const last = later[limit - 1]?.seq ?? Infinity;
    return later.filter(({ seq }) => seq <= last);
  }

  async remove(service: string): Promise<void> {
    this.#services.delete(service);
  }

  async close(): Promise<void> {
    // There is nothing to let go of.
  }
}
