// Where is it kept who asked for what?

/** One line of the audit log: a text, and what binds it to all before it. */
export interface AuditRow {
  /** 1, 2, 3 … without a gap. */
  readonly seq: number;
  /** One line of JSON, exactly as it was hashed. */
  readonly entry: string;
  /** Hexadecimal. */
  readonly hash: string;
}

/** Rows that are added and never changed. One controller at a time writes them. */
export interface AuditStore {
  /** The newest row; nothing before the first. */
  last(): AuditRow | undefined;
  /** Is on disk when it returns. Throws a SerinError when it cannot be, or when there is a row of that number. */
  append(row: AuditRow): void;
  /** Rows after a number, oldest first. */
  read(after: number, limit: number): readonly AuditRow[];
  close(): void;
}
