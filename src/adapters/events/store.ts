// How are a test's users kept, so that each counts once and a look costs only what is new?
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { UserEvent } from "../../core/ab/events.ts";
import type { RunningTest } from "../../core/ab/running.ts";
import type { Settled } from "../../core/stats/ab/gather.ts";
import type { Ms } from "../../core/units.ts";
import type { Taken, TestEvents, TestName } from "../../ports/tests.ts";
import { failed, openDatabase } from "./schema.ts";

/** What ended longer ago is forgotten. */
const KEPT_MS = 30 * 86_400_000;

/** So many rows are forgotten at a time: others are served in between. */
const AT_A_TIME = 5_000;

/** What is kept of a test besides its users. */
export interface Kept {
  readonly state: unknown;
  /** Users of both variants, and conversions that do not count, by why. */
  readonly mixed: number;
  readonly unexposed: number;
  readonly early: number;
  readonly late: number;
}

/** The users that a look takes in. */
export interface Portion {
  readonly users: readonly Settled[];
  readonly kept: Kept;
}

interface UserRow {
  readonly variant: number;
  readonly at_ms: number;
  readonly mixed: number;
  readonly taken: number;
}

type Counter = "mixed" | "unexposed" | "early" | "late";

/** Opens the file of events; it belongs to one controller. */
export function openEventStore(path: string): EventStore {
  return new EventStore(openDatabase(path), path);
}

export class EventStore implements TestEvents {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  async take(test: RunningTest, events: readonly UserEvent[], receivedMs: Ms): Promise<Taken> {
    const { conversions } = test;
    const withinMs = conversions.kind === "events" ? conversions.withinMs : 0;
    return this.#write(() => {
      const number = this.#number(test);
      let repeated = 0;
      for (const event of events) {
        if (event.id !== undefined && !this.#isNew(number, event.id)) repeated += 1;
        else if (event.what === "seen") this.#see(number, event, Math.max(event.atMs + withinMs, receivedMs));
        else this.#convert(number, event);
      }
      return { taken: events.length - repeated, repeated };
    });
  }

  /** What was kept of a test; nothing when nobody has told of it yet. */
  kept(test: TestName): Kept | undefined {
    return this.#guard(() => {
      const row = this.#prepared(FIND).get(...nameOf(test));
      if (!row) return undefined;
      const { state, mixed, unexposed, early, late } = row;
      const read: unknown = typeof state === "string" ? JSON.parse(state) : undefined;
      const counts = { mixed: Number(mixed), unexposed: Number(unexposed), early: Number(early), late: Number(late) };
      return { state: read, ...counts };
    });
  }

  /** Keeps what was made of a test. */
  keep(test: TestName, state: unknown): void {
    this.#write(() => this.#keep(this.#number(test), state));
  }

  /**
   * Hands over, in the order in which their time ran out, users whose time for converting is over, at most `most`; with
   * what `fold` makes of them they are taken: never handed over again.
   */
  settle(
    test: RunningTest,
    before: { readonly ms: Ms; readonly most: number },
    fold: (portion: Portion) => unknown,
  ): void {
    const { conversions } = test;
    if (conversions.kind !== "events") return;
    this.#write(() => {
      const kept = this.kept(test);
      if (!kept) return;
      const number = this.#number(test);
      const rows = this.#prepared(DUE).all(number, before.ms, before.most);
      if (rows.length === 0) return;
      const taken = this.#prepared("UPDATE users SET taken = 1 WHERE test = ? AND user = ?");
      let early = 0;
      const users = rows.map(({ user, variant, at_ms: seenMs, converted_ms: convertedMs }): Settled => {
        taken.run(number, String(user));
        const tookMs = convertedMs === null ? undefined : Number(convertedMs) - Number(seenMs);
        if (tookMs !== undefined && tookMs < 0) early += 1;
        const converted = tookMs !== undefined && tookMs >= 0 && tookMs <= conversions.withinMs;
        return { variant: variant === 1 ? "treatment" : "control", converted };
      });
      if (early > 0) this.#count(number, "early", early);
      this.#keep(number, fold({ users, kept }));
    });
  }

  async tidy(underWay: readonly TestName[], nowMs: Ms): Promise<void> {
    const known = new Set(underWay.map((test) => JSON.stringify(nameOf(test))));
    const ended = this.#write(() => {
      const tests = this.#prepared("SELECT test, service, rollout, started_ms, ended_ms FROM tests").all();
      const mark = this.#prepared("UPDATE tests SET ended_ms = ? WHERE test = ?");
      for (const { test, service, rollout, started_ms: startedMs, ended_ms: endedMs } of tests) {
        const isUnderWay = known.has(JSON.stringify([service, rollout, startedMs]));
        if (isUnderWay === (endedMs === null)) continue;
        mark.run(isUnderWay ? null : nowMs, Number(test));
      }
      return this.#prepared("SELECT test FROM tests WHERE ended_ms < ?").all(nowMs - KEPT_MS);
    });
    for (const { test } of ended) await this.#forget(Number(test));
  }

  async #forget(test: number): Promise<void> {
    for (const [table, key] of [
      ["users", "user"],
      ["conversions", "user"],
      ["ids", "id"],
    ] as const) {
      const some = `SELECT ${key} FROM ${table} WHERE test = ?1 LIMIT ${AT_A_TIME}`;
      const statement = `DELETE FROM ${table} WHERE test = ?1 AND ${key} IN (${some})`;
      while (this.#db.isOpen && this.#write(() => this.#prepared(statement).run(test).changes) > 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    if (this.#db.isOpen) this.#write(() => this.#prepared("DELETE FROM tests WHERE test = ?").run(test));
  }

  #see(test: number, event: UserEvent, dueMs: number): void {
    const variant = event.variant === "treatment" ? 1 : 0;
    const known = this.#user(test, event.user);
    if (!known) {
      const add = "INSERT INTO users (test, user, variant, at_ms, due_ms) VALUES (?, ?, ?, ?, ?)";
      this.#prepared(add).run(test, event.user, variant, event.atMs, dueMs);
      if (this.#conversionMs(test, event.user) !== undefined) this.#count(test, "unexposed", -1);
      return;
    }
    if (known.taken === 1 || known.mixed === 1) return;
    if (known.variant !== variant) return this.#mix(test, event.user);
    if (event.atMs >= known.at_ms) return;
    const earlier = "UPDATE users SET at_ms = ?, due_ms = ? WHERE test = ? AND user = ?";
    this.#prepared(earlier).run(event.atMs, dueMs, test, event.user);
  }

  #convert(test: number, { user, variant, atMs, value }: UserEvent): void {
    const known = this.#user(test, user);
    const other = variant !== undefined && known && known.variant !== (variant === "treatment" ? 1 : 0);
    if (other && known.taken === 0 && known.mixed === 0) this.#mix(test, user);
    const beforeMs = this.#conversionMs(test, user);
    if (beforeMs === undefined) {
      const add = "INSERT INTO conversions (test, user, at_ms, value) VALUES (?, ?, ?, ?)";
      this.#prepared(add).run(test, user, atMs, value ?? null);
      if (!known) this.#count(test, "unexposed", 1);
      if (known?.taken === 1) this.#count(test, "late", 1);
      return;
    }
    // The first one since the user saw the variant; one before that says nothing.
    const sinceMs = known?.at_ms ?? 0;
    const better = beforeMs < sinceMs ? atMs >= sinceMs : atMs >= sinceMs && atMs < beforeMs;
    if (!better) return;
    const change = "UPDATE conversions SET at_ms = ?, value = ? WHERE test = ? AND user = ?";
    this.#prepared(change).run(atMs, value ?? null, test, user);
  }

  #mix(test: number, user: string): void {
    this.#prepared("UPDATE users SET mixed = 1 WHERE test = ? AND user = ?").run(test, user);
    this.#count(test, "mixed", 1);
  }

  #user(test: number, user: string): UserRow | undefined {
    const find = "SELECT variant, at_ms, mixed, taken FROM users WHERE test = ? AND user = ?";
    return this.#prepared(find).get(test, user) as UserRow | undefined;
  }

  #conversionMs(test: number, user: string): number | undefined {
    const row = this.#prepared("SELECT at_ms FROM conversions WHERE test = ? AND user = ?").get(test, user);
    return row && Number(row["at_ms"]);
  }

  #isNew(test: number, id: string): boolean {
    return this.#prepared("INSERT OR IGNORE INTO ids (test, id) VALUES (?, ?)").run(test, id).changes > 0;
  }

  #count(test: number, counter: Counter, more: number): void {
    this.#prepared(`UPDATE tests SET ${counter} = ${counter} + ? WHERE test = ?`).run(more, test);
  }

  #keep(test: number, state: unknown): void {
    this.#prepared("UPDATE tests SET state = ? WHERE test = ?").run(JSON.stringify(state), test);
  }

  /** The number of a test, which is new when nobody has told of it yet. */
  #number(test: TestName): number {
    const add = "INSERT OR IGNORE INTO tests (service, rollout, started_ms) VALUES (?, ?, ?)";
    this.#prepared(add).run(...nameOf(test));
    return Number(this.#prepared(FIND).get(...nameOf(test))?.["test"]);
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All of it or nothing. */
  #write<T>(work: () => T): T {
    return this.#guard(() => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#db.exec("COMMIT");
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw error instanceof Error && "errcode" in error ? failed(this.#path, error) : error;
    }
  }
}

const FIND = "SELECT * FROM tests WHERE service = ? AND rollout = ? AND started_ms = ?";

const nameOf = ({ service, rollout, startedMs }: TestName) => [service, rollout, startedMs] as const;

const DUE = `
  SELECT users.user, users.variant, users.at_ms, conversions.at_ms AS converted_ms
  FROM users LEFT JOIN conversions ON conversions.test = users.test AND conversions.user = users.user
  WHERE users.test = ? AND users.taken = 0 AND users.mixed = 0 AND users.due_ms < ?
  ORDER BY users.due_ms, users.user LIMIT ?
`;
