// How much has each pool counted, and since when is what is told of it its own?
import type { Role } from "../../core/split.ts";
import { ms, type Ms } from "../../core/units.ts";
import { readyAmong, type Replica } from "../../core/world.ts";
import type { AskedPool } from "../../ports/signals.ts";

/** How much a pool has counted, and until when. */
export interface Ledger {
  readonly untilMs: Ms;
  readonly totals: Readonly<Record<string, number>>;
}

/** From when on a pool's figures are its own, at the boundary of an interval. */
interface Beginning {
  readonly role: Role | undefined;
  readonly atMs: Ms;
}

/**
 * Figures are late, and kept by role: an interval that begins before a pool was there is about whoever had its role
 * before, such as a version that was taken back. So a pool begins with the first interval after its replicas were ready.
 * One that is ready again later was the pool's own before, too.
 */
export class Ledgers {
  readonly #everyMs: Ms;
  readonly #ledgers = new Map<string, Ledger>();
  readonly #beginnings = new Map<string, Beginning>();

  constructor(everyMs: Ms) {
    this.#everyMs = everyMs;
  }

  /** Begins what is new, and forgets what is gone. */
  keepTo(pools: readonly AskedPool[], nowMs: Ms): void {
    const alive = new Set(pools.map(({ pool }) => pool));
    for (const pool of this.#beginnings.keys()) {
      if (alive.has(pool)) continue;
      this.#beginnings.delete(pool);
      this.#ledgers.delete(pool);
    }
    for (const { pool, role, replicas } of pools) {
      const ready = readyAmong(replicas);
      if (ready.length > 0) this.#begin(pool, role, { sinceMs: youngest(ready), nowMs });
    }
  }

  #begin(pool: string, role: Role | undefined, { sinceMs, nowMs }: { readonly sinceMs: Ms; readonly nowMs: Ms }): void {
    const known = this.#beginnings.get(pool);
    if (known && known.role === role) return;
    // What was told of a role before the pool had it is about another pool.
    const atMs = this.#boundaryFrom(known ? nowMs : sinceMs);
    this.#beginnings.set(pool, { role, atMs });
    const ledger = this.#ledgers.get(pool);
    if (ledger) this.#ledgers.set(pool, { ...ledger, untilMs: atMs });
  }

  #boundaryFrom(momentMs: Ms): Ms {
    return ms(Math.ceil(momentMs / this.#everyMs) * this.#everyMs);
  }

  /** Whether all of the interval that ends then is the pool's own. */
  isOwn(pool: string, toMs: Ms): boolean {
    return this.beginsMs(pool) <= toMs - this.#everyMs;
  }

  beginsMs(pool: string): Ms {
    return this.#beginnings.get(pool)?.atMs ?? ms(0);
  }

  /** The pools' ledgers. One that is new is counted since the reading before, or from now on if there is none. */
  of(pools: ReadonlySet<string>, toMs: Ms): ReadonlyMap<string, Ledger> {
    const before = Math.max(...[...this.#ledgers.values()].map(({ untilMs }) => untilMs).filter((at) => at <= toMs));
    const fromMs = before > 0 ? before : toMs;
    for (const pool of pools) {
      if (this.#ledgers.has(pool)) continue;
      this.#ledgers.set(pool, { untilMs: ms(Math.max(fromMs, this.beginsMs(pool))), totals: {} });
    }
    return new Map([...pools].map((pool) => [pool, this.#ledgers.get(pool) ?? { untilMs: toMs, totals: {} }] as const));
  }

  /** Adds what was found in an interval to a ledger that nobody else has added to; the ledger as it is then. */
  add(pool: string, to: Ledger, added: Ledger): Ledger | undefined {
    if (this.#ledgers.get(pool) === to) this.#ledgers.set(pool, added);
    return this.#ledgers.get(pool);
  }
}

/** Since when all that are ready were. */
function youngest(ready: readonly Replica[]): Ms {
  return ms(Math.max(0, ...ready.map(({ readySinceMs = 0 }) => readySinceMs)));
}
