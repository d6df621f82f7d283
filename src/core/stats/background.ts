// How does the stable fleet behave when nothing changes?
import type { Look } from "./plan.ts";

/** What the stable fleet showed before a rollout. Plain JSON of bounded size. */
export interface Background {
  readonly version: 1;
}

/** Nothing is known yet. */
export function startBackground(): Background {
  return { version: 1 };
}

/** Adds a look at the stable fleet, taken while no rollout runs. */
export function learn(background: Background, seen: Look): Background {
  return seen.rows.length === 0 ? background : { ...background };
}
