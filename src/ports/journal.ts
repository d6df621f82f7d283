// What is remembered?

/** Place in a service's journal: 0 before the first entry, then 1, 2, 3 … */
export type Seq = number;

/** One decision as it is kept for ever, in the order in which it was taken. */
export interface JournalRecord {
  /** The place of the append that wrote it. */
  readonly seq: Seq;
  /** Its place among the records of that append: 0, 1, 2 … */
  readonly index: number;
  readonly record: unknown;
}

/** What a service's journal holds. `format` is the version of the state's and records' layout. */
export interface Saved {
  readonly seq: Seq;
  readonly format: number;
  readonly state: unknown;
}

/** Someone else has written in between: load again, then decide again. */
export class StaleWrite extends Error {
  override readonly name = "StaleWrite";
}

/** Durable memory of all services. One controller at a time holds it. */
export interface Journal {
  readonly kind: string;
  /** Names of the services with an entry. */
  list(): Promise<readonly string[]>;
  load(service: string): Promise<Saved | undefined>;
  /**
   * Replaces the state and adds the records, all or nothing, provided that the journal still stands at `expected`.
   * Returns the new place. Throws StaleWrite when it does not, and a SerinError when nothing can be written.
   */
  append(service: string, expected: Seq, entry: JournalEntry): Promise<Seq>;
  /**
   * Records of the appends after `after`, oldest first, about `limit`: the records of one append are never torn apart,
   * so that the last one's `seq` is where the next page goes on.
   */
  records(service: string, after: Seq, limit: number): Promise<readonly JournalRecord[]>;
  /** Forgets a service that was taken down. */
  remove(service: string): Promise<void>;
  /** Lets go of the journal. */
  close(): Promise<void>;
}

/** What one append writes. */
export interface JournalEntry {
  readonly format: number;
  readonly state: unknown;
  readonly records: readonly unknown[];
}
