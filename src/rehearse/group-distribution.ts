// What had become of each member in many rehearsals of one release or façade?
import type { Standing } from "../core/group/state.ts";
import { quantiles, type Quantiles } from "./distribution.ts";
import type { GroupSummary, MemberSummary } from "./group-rehearsal.ts";

/** How far a member was in some of the runs. */
export interface StandingCount {
  readonly at: Standing["at"];
  readonly runs: number;
}

/** One member in all runs. */
export interface MemberFate {
  readonly service: string;
  /** From 1; the place in its line of a façade's route. */
  readonly wave: number;
  /** How far it was when a member was found to be worse: of the runs in which one was. */
  readonly atTurning: readonly StandingCount[];
  /** The part of its requests that the new version had at that moment, 0…1. */
  readonly share: Quantiles;
  /** How far it was in the end, in all runs. */
  readonly atEnd: readonly StandingCount[];
  readonly canaryRequests: Quantiles;
  readonly harm: Quantiles;
}

/** When a member was found to be worse. */
export interface Turnings {
  /** Runs in which one was. */
  readonly runs: number;
  /** From the beginning on. */
  readonly timeMs: Quantiles;
  /** In which wave, from 1, in how many runs. */
  readonly waves: readonly { readonly wave: number; readonly runs: number }[];
}

/** Nothing where it never happened. */
export function turningsOf(runs: readonly GroupSummary[]): Turnings | undefined {
  const all = runs.flatMap(({ turning }) => turning ?? []);
  if (all.length === 0) return undefined;
  const waves = [...new Set(all.map(({ wave }) => wave))].toSorted((a, b) => a - b);
  return {
    runs: all.length,
    timeMs: quantiles(all.map(({ atMs }) => atMs)),
    waves: waves.map((wave) => ({ wave, runs: all.filter((one) => one.wave === wave).length })),
  };
}

/** Each member, in the order of the file; of at least one run. */
export function memberFatesOf(runs: readonly GroupSummary[]): readonly MemberFate[] {
  return (runs[0]?.members ?? []).map(({ service, wave }): MemberFate => {
    const mine = runs.flatMap(({ members }) => members.find((one) => one.service === service) ?? []);
    const then = runs.flatMap(({ turning }) => turning?.members.find((one) => one.service === service) ?? []);
    const of = (figure: (member: MemberSummary) => number): Quantiles => quantiles(mine.map(figure));
    return {
      service,
      wave,
      atTurning: countsOf(then),
      share: then.length === 0 ? [] : quantiles(then.map(({ share }) => share)),
      atEnd: countsOf(mine),
      canaryRequests: of(({ canaryRequests }) => canaryRequests),
      harm: of(({ harm }) => harm),
    };
  });
}

/** The most frequent first. */
function countsOf(stands: readonly { readonly at: Standing["at"] }[]): readonly StandingCount[] {
  const counts = new Map<Standing["at"], number>();
  for (const { at } of stands) counts.set(at, (counts.get(at) ?? 0) + 1);
  return [...counts].map(([at, runs]) => ({ at, runs })).toSorted((a, b) => b.runs - a.runs);
}
