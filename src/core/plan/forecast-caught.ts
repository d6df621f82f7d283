// Which faults are caught, and by when?
import { detectable } from "../stats/power.ts";
import { normalErrors, type Watch } from "./forecast-chances.ts";
import { courseUntil } from "./forecast-course.ts";
import type { Walk } from "./forecast-walk.ts";

/** A slowdown that is not caught at this factor is not caught. */
export const MOST_SLOWER = 100;

/** How sure "is caught" means where nothing else is said. */
export const POWER = 0.9;

/** The least that is caught with 90 % probability by the end of a step, by all evidence since the first request. */
export interface Caught {
  /** Share of requests that fail; `undefined` when not even everything failing is caught. */
  readonly errors?: number | undefined;
  /** Factors: every answer, or only the slowest `tail` of them, takes so many times as long. At most `MOST_SLOWER`. */
  readonly everything?: number | undefined;
  readonly slowest?: number | undefined;
}

/** The best chance of the metrics of a kind. */
function chanceBy(walk: Walk, untilMs: number, of: (watch: Watch) => ReturnType<typeof chanceOfWatch>): number {
  const { perSecond } = walk.traffic;
  return walk.watches.reduce((best, watch) => {
    const chance = of(watch);
    return chance ? Math.max(best, chance(courseUntil(walk.legs, watch, { untilMs, perSecond }))) : best;
  }, 0);
}

type Wrong = { readonly errors: number } | { readonly factor: number; readonly share: number };

function chanceOfWatch(watch: Watch, wrong: Wrong) {
  if ("errors" in wrong) return watch.kind === "errors" ? watch.failing(wrong.errors) : undefined;
  return watch.kind === "latency" ? watch.slower(wrong) : undefined;
}

/** The chance that a version with this fault is caught until a moment, in milliseconds since the first request. */
export function chanceUntil(walk: Walk, untilMs: number, wrong: Wrong): number {
  return chanceBy(walk, untilMs, (watch) => chanceOfWatch(watch, wrong));
}

const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined);

/** The least that is caught until a moment. */
export function caughtUntil(walk: Walk, untilMs: number, tail: number | undefined): Caught {
  const watched = (kind: Watch["kind"]): boolean => walk.watches.some((watch) => watch.kind === kind);
  const slower = (share: number): number | undefined =>
    finite(detectable(POWER, (factor) => chanceUntil(walk, untilMs, { factor, share }), [1, MOST_SLOWER]));
  const normal = normalErrors(walk.traffic);
  const errors = (): number | undefined =>
    finite(detectable(POWER, (share) => chanceUntil(walk, untilMs, { errors: share }), [normal, 1]));
  return {
    ...(watched("errors") ? { errors: errors() } : {}),
    ...(tail === undefined ? {} : { everything: slower(1), slowest: slower(tail) }),
  };
}
