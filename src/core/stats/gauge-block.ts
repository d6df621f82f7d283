// What was the mean of each arm's gauge over one block of time?
import { slotOf } from "./dispersion.ts";
import { finite, notNegative } from "./finite.ts";

/** What a replica's gauge showed over an interval: one reading, or the mean of several. */
export interface ReplicaValue {
  readonly replica: string;
  /** In the gauge's unit, at least 0. */
  readonly value: number;
}

/** What was read over an interval. A replica that could not be read is not in it. */
export interface GaugeLook {
  readonly durationMs: number;
  readonly canary: readonly ReplicaValue[];
  readonly baseline: readonly ReplicaValue[];
}

/** Of one replica in a block: its values times their milliseconds, and how long it was read. */
type Cell = readonly [sum: number, ms: number];

/** Cells by replica, as many as `MOST_REPLICAS` and one of all others. */
export type ArmCells = Readonly<Record<string, Cell>>;

/** The replicas in one order: sums of fractions must not depend on who was read first. */
const inOrder = (values: readonly ReplicaValue[]): readonly ReplicaValue[] =>
  values.toSorted((a, b) => (a.replica < b.replica ? -1 : Number(a.replica > b.replica)));

/** Adds an interval to an arm's block. Throws a RangeError for a value that is not a number or is below 0. */
export function gather(cells: ArmCells, look: GaugeLook, arm: "canary" | "baseline"): ArmCells {
  const durationMs = finite(look.durationMs, "lookAtGauge: duration");
  const next: Record<string, Cell> = { ...cells };
  for (const { replica, value } of inOrder(look[arm])) {
    notNegative(value, `lookAtGauge: ${arm} value of ${replica}`);
    const slot = slotOf(next, replica);
    const [sum, ms] = next[slot] ?? [0, 0];
    next[slot] = [sum + value * durationMs, ms + durationMs];
  }
  return next;
}

/** The mean of an arm, and of each of its replicas with its share of the arm. */
export interface ArmMean {
  readonly mean: number;
  readonly replicas: readonly (readonly [replica: string, mean: number, share: number])[];
}

/**
 * The arm's mean over a block of `openMs`: over replicas that were read during at least half of it, weighted by how long.
 * `undefined` when there is none.
 */
export function blockMean(cells: ArmCells, openMs: number): ArmMean | undefined {
  const whole = Object.entries(cells).filter(([, [, ms]]) => ms > 0 && ms >= openMs / 2);
  const ms = whole.reduce((sum, [, cell]) => sum + cell[1], 0);
  if (ms <= 0) return undefined;
  return {
    mean: whole.reduce((sum, [, cell]) => sum + cell[0], 0) / ms,
    replicas: whole.map(([replica, cell]) => [replica, cell[0] / cell[1], cell[1] / ms] as const),
  };
}
