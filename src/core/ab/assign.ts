// Which variant of a test does a user have?
import { cut, positionOf, roleAt, seedOf } from "../cohort.ts";
import type { Weights } from "../split.ts";
import type { Names } from "../stats/ab/users.ts";

/** How a sticky split shares users out. */
export interface Assignment {
  readonly names: Names;
  /** The weights while the test is under way. */
  readonly weights: Weights;
  /** The salt of the split's stickiness. */
  readonly salt: string;
}

/** Answers, for the key that the proxy goes by, which variant the proxy gives; nothing for a user of neither. */
export function assigner({ names, weights, salt }: Assignment): (key: string) => string | undefined {
  const [seed, cuts] = [seedOf(salt), cut(weights)];
  return (key) => {
    const role = roleAt(cuts, positionOf(key, seed));
    if (role === "canary") return names.treatment;
    return role === "stable" ? names.control : undefined;
  };
}
