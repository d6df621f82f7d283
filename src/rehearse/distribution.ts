// How do many rehearsals of one rollout end?
import { clopperPearson } from "./interval.ts";
import type { Ending, Summary } from "./rehearsal.ts";

const ENDINGS: readonly Ending[] = ["promoted", "concluded", "rolled-back", "stopped", "person", "waiting"];

/** Quantiles that are told. */
export const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95, 1] as const;

/** Values at `QUANTILES`. */
export type Quantiles = readonly number[];

/** The endings of many runs with their shares, and what each ending took. */
export interface Distribution {
  readonly runs: number;
  readonly endings: readonly EndingShare[];
}

/** Runs that ended alike. */
export interface EndingShare {
  readonly ending: Ending;
  readonly runs: number;
  readonly share: number;
  /** Exact 95 % interval of the share. */
  readonly interval: readonly [low: number, high: number];
  readonly timeMs: Quantiles;
  readonly canaryRequests: Quantiles;
  readonly harm: Quantiles;
}

/** How often something came. */
export interface Often {
  readonly runs: number;
  readonly share: number;
  /** Exact 95 % interval of the share. */
  readonly interval: readonly [low: number, high: number];
}

/** What became of a version: taken back, held for somebody, or let through. */
export interface Fates {
  readonly back: Often;
  readonly held: Often;
  readonly through: Often;
}

const FATES: Readonly<Record<Ending, keyof Fates>> = {
  promoted: "through",
  concluded: "through",
  "rolled-back": "back",
  stopped: "back",
  person: "held",
  waiting: "held",
};

/** The same in fewer words, of at least one run. What never came has an interval, too. */
export function fatesOf(runs: readonly Summary[]): Fates {
  const often = (fate: keyof Fates): Often => {
    const those = runs.filter(({ ending }) => FATES[ending] === fate).length;
    return { runs: those, share: those / runs.length, interval: clopperPearson(those, runs.length) };
  };
  return { back: often("back"), held: often("held"), through: often("through") };
}

/** Sums many runs up; at least one. Endings that did not come are left out. */
export function distributionOf(runs: readonly Summary[]): Distribution {
  const endings = ENDINGS.flatMap((ending): EndingShare[] => {
    const those = runs.filter((run) => run.ending === ending);
    if (those.length === 0) return [];
    return [
      {
        ending,
        runs: those.length,
        share: those.length / runs.length,
        interval: clopperPearson(those.length, runs.length),
        timeMs: quantiles(those.map(({ virtualMs }) => virtualMs)),
        canaryRequests: quantiles(those.map(({ canaryRequests }) => canaryRequests)),
        harm: quantiles(those.map(({ harm }) => harm)),
      },
    ];
  });
  return { runs: runs.length, endings };
}

/** The smallest values that so large a share of all values does not exceed. */
export function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  return QUANTILES.map((q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0);
}
