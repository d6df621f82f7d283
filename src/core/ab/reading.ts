// What does a test say, in figures and in words?
import type { TestReading } from "../engine/state.ts";
import { count } from "../stats/figures.ts";
import { type Gathered, judgeable } from "../stats/ab/gather.ts";
import { type AbPlan, type AbReport, judgeBatches } from "../stats/ab/judge.ts";
import { abSentence } from "../stats/ab/sentence.ts";

/** Users and conversions that do not count, by why. */
export type LeftOut = readonly (readonly [what: string, number: number])[];

/** How users came to be counted. */
interface Ways {
  readonly counted: "users" | "counters";
  readonly leftOut?: LeftOut | undefined;
}

/** Judges what was gathered. */
export function readingOf(plan: AbPlan, gathered: Gathered, { counted, leftOut = [] }: Ways): TestReading {
  const report = judgeBatches(plan, judgeable(gathered));
  const parts = [abSentence(report), figures(report), counted === "counters" ? atReading(report) : "", rest(leftOut)];
  return { report, text: parts.filter((part) => part !== "").join(" ") };
}

function figures({ fixed, decision, plan }: AbReport): string {
  if (fixed?.kind !== "open" || decision.kind === "split-off") return "";
  const sure = Number((100 * (1 - plan.alpha)).toPrecision(4));
  return `(z = ${fixed.z.toFixed(2)}; the difference is a ${sure}% interval.)`;
}

/** Counters are read now and then, so that the sample is the planned one or a little more. */
function atReading({ fixed, decision, plan }: AbReport): string {
  if (fixed?.kind !== "open" || decision.kind === "split-off") return "";
  const { control, treatment } = fixed.arms;
  const users = `${count(control.users)} users of ${plan.names.control}, ${count(treatment.users)} of ${plan.names.treatment}`;
  return `Judged once, at the first reading that had the planned sample: ${users}.`;
}

function rest(leftOut: LeftOut): string {
  const some = leftOut.filter(([, number]) => number > 0).map(([what, number]) => `${what}: ${count(number)}`);
  return some.length > 0 ? `Not counted: ${some.join(", ")}.` : "";
}
