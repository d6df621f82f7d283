// Which replicas of a pool are kept, taken back, drained, and how many are missing?
import type { Ms } from "./units.ts";

/** What the choice looks at. */
export interface Candidate {
  readonly id: string;
  readonly draining: boolean;
  /** Was told to end already, or has ended: nothing brings it back. */
  readonly ending: boolean;
  readonly condition: "ready" | "starting" | "failing";
  readonly readySinceMs?: Ms | undefined;
}

/** What is to be done so that a pool has its size. */
export interface Choice<C extends Candidate> {
  readonly takeBack: readonly C[];
  readonly drain: readonly C[];
  readonly start: number;
}

/** Brings a pool to `size` with the least loss: what works stays, the oldest longest; what drains is taken back first. */
export function chooseReplicas<C extends Candidate>(replicas: readonly C[], size: number): Choice<C> {
  const byWorth = replicas.filter(({ ending }) => !ending).toSorted(byWorthFirst);
  const active = byWorth.filter(({ draining }) => !draining);
  const drain = active.slice(size);
  const takeBack = byWorth.filter(({ draining }) => draining).slice(0, Math.max(0, size - active.length));
  return { takeBack, drain, start: Math.max(0, size - active.length - takeBack.length) };
}

const WORTH = { ready: 0, starting: 1, failing: 2 } as const;

function byWorthFirst(a: Candidate, b: Candidate): number {
  const worth = WORTH[a.condition] - WORTH[b.condition];
  if (worth !== 0) return worth;
  const age = (a.readySinceMs ?? 0) - (b.readySinceMs ?? 0);
  if (age !== 0) return age;
  return a.id < b.id ? -1 : 1;
}
