// Is it as a scenario expects, and if not, what was found?
import { RIVALS, ROLES, shareOf, type Role } from "../core/split.ts";
import type { Expectation } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** What an expectation is held against. */
export interface Seen {
  readonly stage: Stage;
  /** What was said since the beginning. */
  readonly said: () => readonly string[];
}

/** What was found instead; `undefined` when it is as expected. */
// oxlint-disable-next-line typescript/consistent-return -- every kind returns; `undefined` is one of the answers
export function unlike(what: Expectation, { stage, said }: Seen): string | undefined {
  const { state, service, rollout } = stage;
  switch (what.kind) {
    case "share": {
      const share = percentOf(stage, what.role);
      return Math.abs(share - what.percent) <= what.within + 1e-4 ? undefined : splitText(stage);
    }
    case "outcome":
      return other(rollout?.outcome ?? "none", what.outcome, rollout?.waiting?.text ?? rollout?.why);
    case "verdict":
      return other(rollout?.verdict?.kind ?? "none", what.verdict, rollout?.verdict?.text);
    case "waiting":
      return other(rollout?.waiting?.for ?? "nothing", what.on, rollout?.waiting?.text);
    case "stable":
      return other(state?.stable?.revision ?? "none", what.revision, undefined);
    case "lost":
      return atMost(service.totals.lost, what.atMost, "requests lost");
    case "harm":
      return atMost(Math.round(service.totals.excess), what.atMost, "more failed requests than stable would have had");
    case "says":
      return said().some((text) => text.includes(what.text)) ? undefined : "nothing said so";
    case "refused": {
      const refusals = [...stage.world.answers.values()].flatMap(({ refused }) => (refused ? [refused.what] : []));
      return refusals.some((text) => text.includes(what.text)) ? undefined : refusals.join("; ") || "no refusal";
    }
  }
}

/** Whether what must never be is. A share is reached from below. */
export function happened(what: Expectation, seen: Seen): string | undefined {
  if (what.kind !== "share") return unlike(what, seen) === undefined ? "it was so" : undefined;
  return percentOf(seen.stage, what.role) >= what.percent - 1e-4 ? splitText(seen.stage) : undefined;
}

function percentOf(stage: Stage, role: string): number {
  return shareOf(stage.service.plane.inForce()?.split.weights ?? {}, role as Role) / 10_000;
}

function splitText(stage: Stage): string {
  // Further candidates are only named where there are any.
  const named = ROLES.filter((role) => !RIVALS.some((rival) => rival === role) || percentOf(stage, role) > 0);
  return named.map((role) => `${role} ${percentOf(stage, role)}%`).join(", ");
}

function other(found: string, expected: string, why: string | undefined): string | undefined {
  if (found === expected) return undefined;
  return why ? `${found} (${why})` : found;
}

function atMost(found: number, most: number, of: string): string | undefined {
  return found <= most ? undefined : `${found} ${of}`;
}
