// What does each kind of group do when it is told to?
import type { GroupTurn } from "./turn.ts";

/** Verbs that mean something else for each kind of group. */
export type GroupVerbs = Readonly<Record<"promote" | "abort" | "retry" | "undo", (turn: GroupTurn, by: By) => string>>;

export interface By {
  readonly actor: string;
  readonly reason: string;
}
