// Which steps does Flagger's shorthand stand for?
import { WHOLE, weight, type Ms, type Weight } from "../units.ts";
import type { StepSpec } from "./steps.ts";

/** Flagger's fields, read. */
export interface Shorthand {
  readonly maxWeight?: Weight | undefined;
  readonly stepWeight?: Weight | undefined;
  readonly stepWeights?: readonly Weight[] | undefined;
  readonly interval?: Ms | undefined;
}

/** The names of the shorthand's fields in a file. */
export const SHORTHAND = ["stepWeight", "stepWeights", "maxWeight", "interval"] as const;

/** Flagger's own default, a minute. */
const INTERVAL = 60_000 as Ms;

/** One step per weight, each held for the interval. Unlike Flagger's, the last one never exceeds `maxWeight`. */
export function shorthandSteps(shorthand: Shorthand): readonly StepSpec[] {
  const { stepWeight, stepWeights, maxWeight = WHOLE, interval = INTERVAL } = shorthand;
  return (stepWeights ?? rising(stepWeight ?? maxWeight, maxWeight)).map((share) => ({
    weight: share,
    holdMs: interval,
  }));
}

function rising(step: Weight, most: Weight): readonly Weight[] {
  const count = Math.ceil(most / step);
  return Array.from({ length: count }, (_, index) => weight(Math.min((index + 1) * step, most)));
}
