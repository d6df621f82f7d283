// How is a decision told, with who asked for it and why?
import type { DecisionRecord } from "./state.ts";

/** A decision in one line. */
export function decision({ text, actor, reason }: DecisionRecord): string {
  if (!actor) return text;
  return `${text}, by ${actor}${reason ? `: ${reason}` : ""}`;
}
