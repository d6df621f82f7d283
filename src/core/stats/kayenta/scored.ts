// Was it judged by Kayenta's judge?
import type { Verdict } from "../plan.ts";

/** Whether a verdict is a score of Kayenta's, of which nobody can say how sure it is. */
export function isScored(verdict: Pick<Verdict, "metrics">): boolean {
  return verdict.metrics.some(({ kind }) => kind === "kayenta");
}
