// Do the answers to copies differ from those that users got?
import { foundDifferences } from "../compare/found.ts";
import type { Comparison } from "../comparison.ts";
import type { Step } from "../plan/step.ts";
import { back, done, wait, type Check } from "./check.ts";
import type { Turn } from "./turn.ts";

/** Paths named in a text. */
const NAMED = 3;
/** Paths kept in the state. */
const KEPT = 30;

/** Takes in what was compared. */
export function takeComparison(turn: Turn): void {
  const { comparison } = turn.input;
  if (comparison?.kind !== "value" || turn.state.rollout?.phase !== "forward") return;
  turn.setRollout({ comparison: shortened(comparison.value) });
}

/** What the state keeps of it, for people: it is written down with every decision. */
function shortened(comparison: Comparison): Comparison {
  const differing = comparison.fields.filter(({ candidate }) => candidate > 0).slice(0, KEPT);
  return {
    ...comparison,
    fields: differing.map((field) => Object.assign({}, field, { examples: field.examples.slice(0, 1) })),
  };
}

/** Waits until enough answers were compared; then, or as soon as one differs beyond noise, does as asked. */
export function checkComparison(turn: Turn, step: Extract<Step, { op: "compare" }>): Check {
  const { rollout, input } = turn;
  if (rollout.waived) return done("comparison passed by a person");
  if (input.comparison?.kind !== "value") {
    const why = input.comparison?.kind === "unreadable" ? `: ${input.comparison.why}` : "";
    return wait("evidence", `no answer was compared yet${why}`);
  }
  const comparison = input.comparison.value;
  const baseline = turn.state.split.mirror?.to.includes("baseline") ?? false;
  const found = foundDifferences(comparison, { alpha: step.alpha, baseline });
  const { candidate, noise } = comparison;
  // A difference shows by what a second copy of stable does: so much of that must be seen, too.
  const enough = candidate >= step.atLeast && (!baseline || noise >= step.atLeast);
  const behind = baseline && noise < Math.min(candidate, step.atLeast);
  const compared = `${candidate} of ${step.atLeast} answers compared${behind ? `, ${noise} of a second copy of stable` : ""}`;
  if (found.length > 0) {
    const paths = found.slice(0, NAMED).map((part) => `${part.path} (${part.candidate} times)`);
    const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : "";
    const why = `answers differ in ${paths.join(", ")}${more}; ${compared}`;
    if (step.found === "rollBack") return back(why);
    if (step.found === "hold") return wait("person", `${why}; held as asked`);
    if (enough) return done(`${why}; goes on as asked`);
  }
  if (!enough) return wait("evidence", compared);
  return done(`${candidate} answers compared, none differs beyond noise`);
}
