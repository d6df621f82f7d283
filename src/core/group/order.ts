// In which order do members come, and in which do they go back?
import type { ReleasePlan } from "./state.ts";

/** Members so that each one comes after those that it needs; else in the order of the file. Needs go in no round. */
export function inOrder({ waves, needs }: Pick<ReleasePlan, "waves" | "needs">): readonly string[] {
  const left = waves.flatMap(({ members }) => members);
  const sorted: string[] = [];
  while (left.length > 0) {
    const at = left.findIndex((name) => (needs[name] ?? []).every((other) => sorted.includes(other)));
    sorted.push(...left.splice(Math.max(0, at), 1));
  }
  return sorted;
}

/** Those that need a member. */
export function dependents({ needs }: Pick<ReleasePlan, "needs">, name: string): readonly string[] {
  return Object.keys(needs).filter((other) => needs[other]?.includes(name));
}
