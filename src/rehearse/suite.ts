// Against what is a rollout rehearsed, when nobody says it?
import type { Program } from "../core/plan/step.ts";
import { duration, ms } from "../core/units.ts";
import { workOf } from "./pace.ts";
import { GOOD } from "./traits.ts";

/** What the new version is in a scenario: no worse, worse, or no worse while everything has a bad time. */
export type Fault = "good" | "bad" | "nobody";

/** One scenario of several that are looked at beside each other. */
export interface Play {
  readonly name: string;
  /** What happens, as a clause. */
  readonly about: string;
  readonly lines: string;
  readonly fault: Fault;
}

/** The usual traffic of a service. */
export interface Usually {
  readonly perSecond: number;
  /** The share of the requests that fail, 0…1. */
  readonly errors: number;
}

/** What is assumed of a service of which nothing is known. */
export const ASSUMED: Usually = { perSecond: 200, errors: GOOD.errors };

/** Points by which more requests fail, and factors by which answers take longer, from hardly to hardly missed. */
const ERROR_POINTS = [0.5, 1, 2, 5];
const FACTORS = [1.1, 1.25, 1.5, 2];

/** By then the replicas of a candidate are up, and have their first requests. */
const SOONEST_MS = 2_000;

/** Scenarios whose errors come on top of those that the service has anyway, and whose trouble comes before all is over. */
export function suiteFor({ perSecond, errors }: Usually, program: Pick<Program, "steps">): readonly Play[] {
  // A third of a short rollout: before that, little has happened, and after it, little is left.
  const third = (mostMs: number): string =>
    duration(ms(Math.round(Math.min(mostMs, Math.max(SOONEST_MS, workOf(program) / 3)))));
  const [soon, minute] = [third(20_000), third(60_000)];
  const before = `load ${figure(perSecond)}/s; everything errors ${percent(errors)}`;
  const play = (
    fault: Fault,
    [name, about, lines = ""]: readonly [name: string, about: string, lines?: string],
  ): Play => ({
    name,
    about,
    lines: lines === "" ? before : `${before}; ${lines}`,
    fault,
  });
  const more = (points: number): string => percent(errors + points / 100);
  return [
    play("good", ["good", "it is as good as the old one"]),
    ...ERROR_POINTS.map((points) =>
      play("bad", [`errors-${points}`, `${points}% more of its requests fail`, `canary errors ${more(points)}`]),
    ),
    ...FACTORS.map((factor) =>
      play("bad", [`slower-${factor}`, `its answers take ${factor} times as long`, `canary slower x${factor}`]),
    ),
    play("bad", [
      "late",
      "3% more fail once it has a quarter of the traffic",
      `canary errors ${more(3)} from share 25%`,
    ]),
    play("bad", ["crashes", `its replicas crash ${soon} after each start`, `canary crashes after ${soon}`]),
    play("bad", ["never-ready", "its replicas never become ready", "canary ready never"]),
    play("nobody", [
      "drift",
      "both versions get worse alike",
      `everything drift errors to ${more(2)} over ${third(600_000)}`,
    ]),
    play("nobody", [
      "outage",
      `30% of the requests fail for ${minute}, whichever version answers`,
      `at ${minute} outage of everything for ${minute} errors 30%`,
    ]),
    play("nobody", [
      "metrics-gone",
      `nothing can be counted for ${third(300_000)}`,
      `at ${minute} metrics gone for ${third(300_000)}`,
    ]),
  ];
}

/** In digits alone, as lines have it. */
export const figure = (value: number): string => String(Number(value.toFixed(3)));

/** As lines have it. */
export const percent = (share: number): string => `${Number((100 * Math.min(1, Math.max(0, share))).toFixed(4))}%`;
