// What did many simulated rollouts come to?
import { clopperPearson } from "../../test/sim/rollouts.ts";
import type { Row } from "./cases.ts";
import type { Outcome } from "./run.ts";

export interface Result {
  readonly row: Row;
  readonly outcomes: readonly Outcome[];
}

export type Results = ReadonlyMap<string, Result>;

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? NaN;
}

/** How often, and when, something was said. */
export interface Said {
  readonly runs: number;
  readonly times: number;
  /** `Infinity` where it was not said in so many runs. */
  readonly seconds: (q: number) => number;
  readonly requests: (q: number) => number;
  /** Exact 95 % limits of the share. */
  readonly limits: readonly [low: number, high: number];
}

/** The outcomes in which a plan took part. */
function judgedBy({ row, outcomes }: Result, name: string): readonly Outcome[] {
  const [first = ""] = Object.keys(row.asked.plans);
  const isFirst = name === first || name.startsWith(`${first} `);
  return isFirst ? outcomes : outcomes.slice(0, row.asked.otherRuns);
}

export function saidOf(result: Result, name: string): Said {
  const outcomes = judgedBy(result, name);
  const ends = outcomes.map((outcome) => outcome[name]);
  const times = ends.filter((end) => end !== undefined).length;
  const column = (index: 0 | 1): number[] => ends.map((end) => end?.[index] ?? Infinity);
  return {
    runs: outcomes.length,
    times,
    seconds: (q) => quantile(column(0), q),
    requests: (q) => quantile(column(1), q),
    limits: clopperPearson(times, outcomes.length),
  };
}

/** The peers judged only the first runs. */
export function ofPeers({ row, outcomes }: Result): Result {
  return { row, outcomes: outcomes.slice(0, row.asked.peerRuns) };
}

/** Canary requests of the look in which a rollout stood after so many seconds. */
export function lookRequests({ row }: Result, seconds: number): number {
  const { rps, stages } = row.asked.traffic;
  let end = 0;
  for (const stage of stages) {
    end += stage.seconds * stage.looks;
    if (seconds <= end + 1e-6) return rps * stage.share * stage.seconds;
  }
  return 0;
}
