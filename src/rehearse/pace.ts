// How long may a rehearsal take, and how often must it look?
import type { Program } from "../core/plan/step.ts";
import { PACE, type Pace } from "../runtime/parts.ts";
import type { Scenario } from "./scenario.ts";

/**
 * Looks are as far apart as real ones after each decision and each event, and then at most this part of the time since:
 * what is seen late is seen late by no more than that. One rehearsal is shown more exactly than one of many.
 */
export const SLACK = { one: 1 / 200, many: 1 / 12.5 } as const;

/** A judgement without an end takes about so long. */
const JUDGE_MS = 600_000;
const STARTS_MS = 60_000;

/** About how long a program takes, in milliseconds, when nothing stands in its way and replicas start at once. */
export function workOf({ steps }: Pick<Program, "steps">): number {
  const times = steps.map((step) => {
    if (step.op === "hold") return step.durationMs;
    return step.op === "judge" ? Math.max(step.atLeastMs, step.atMostMs ?? JUDGE_MS) : 0;
  });
  return times.reduce((sum, time) => sum + time, 0);
}

const DAY_MS = 86_400_000;

/** Longest time of a rehearsal: what takes longer than a day by its own file may still come to its end. */
export function limitOf(program: Pick<Program, "steps">): number {
  return Math.max(DAY_MS, 2 * (STARTS_MS + workOf(program)));
}

/** The real pace, but that nothing is written down which only a controller that begins anew would read. */
export function paceFor(scenario: Pick<Scenario, "events">): Partial<Pace> {
  const dies = scenario.events.some((event) => event.kind === "gone" && event.what === "controller");
  return dies ? PACE : { ...PACE, saveActiveMs: DAY_MS, saveIdleMs: DAY_MS };
}

/** The same of a release: as if its members went one after the other. */
export function limitOfGroup(programs: readonly Pick<Program, "steps">[], bakeMs: number): number {
  const work = programs.reduce((sum, program) => sum + STARTS_MS + workOf(program), bakeMs);
  return Math.max(DAY_MS, 2 * work);
}
