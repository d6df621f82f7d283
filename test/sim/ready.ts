// How many replicas of each pool were ready lately?
import type { MemoryWorkload } from "../../src/adapters/memory/workload.ts";
import { ROLES, shareOf, type Route } from "../../src/core/split.ts";

/** What the engine acts upon may be this old: a look, a decision and a call that takes long. */
const LATELY_MS = 12_000;

/** The ready replicas of each pool in the last seconds. */
export class PoolsHistory {
  readonly #seen: { readonly atMs: number; readonly ready: ReadonlyMap<string, number> }[] = [];
  readonly #revisions = new Map<string, string>();

  add(atMs: number, workload: MemoryWorkload): void {
    const ready = new Map<string, number>();
    for (const { pool, revision, replicas } of workload.running()) {
      ready.set(pool, replicas.filter(({ state }) => state === "ready").length);
      this.#revisions.set(pool, revision);
    }
    this.#seen.push({ atMs, ready });
    while ((this.#seen[0]?.atMs ?? atMs) < atMs - LATELY_MS) this.#seen.shift();
  }

  most(pool: string): number {
    return Math.max(0, ...this.#seen.map(({ ready }) => ready.get(pool) ?? 0));
  }

  least(pool: string): number {
    return Math.min(...this.#seen.map(({ ready }) => ready.get(pool) ?? 0));
  }

  /** What a pool runs, or ran. */
  revisionOf(pool: string): string | undefined {
    return this.#revisions.get(pool);
  }
}

/** The share that a pool gets, under whichever role. */
export function shareOfPool(route: Route | undefined, pool: string): number {
  if (!route) return 0;
  return ROLES.reduce(
    (sum, role) => sum + (route.pools[role]?.pool === pool ? shareOf(route.split.weights, role) : 0),
    0,
  );
}
