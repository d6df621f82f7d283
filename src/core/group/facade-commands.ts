// What may a person ask of a façade?
import { underWay } from "../engine/state.ts";
import { refused } from "./refused.ts";
import type { GroupVerbs } from "./verbs.ts";
import { stuckRoutes } from "./facade.ts";
import type { FacadePlan } from "./state.ts";
import type { GroupTurn } from "./turn.ts";

export function facadeVerbs(plan: FacadePlan): GroupVerbs {
  return {
    promote: (turn, by) => {
      const [first] = stuckRoutes(turn, plan);
      if (!first)
        throw refused(turn, `no route of ${turn.state.group} stands in the way: there is nothing to skip`, next(plan));
      turn.setProgress(first.service, { skipped: true });
      turn.record("command", `${first.route} stays with legacy; the line goes on without it`, by);
      return `${first.route} stays with legacy; the line goes on without it`;
    },
    retry: (turn, by) => {
      const stuck = stuckRoutes(turn, plan).map(({ service }) => service);
      const dark = [plan.rest, ...plan.line.map(({ service }) => service)].filter((service) => isDark(turn, service));
      if (stuck.length + dark.length === 0)
        throw refused(turn, `no route of ${turn.state.group} was rolled back or stopped`);
      for (const service of dark) turn.setProgress(service, { legacyAgain: turn.member(service)?.rollouts });
      for (const service of stuck) {
        const askedAfter = turn.member(service)?.rollouts ?? 0;
        turn.setProgress(service, { again: true, askedAfter, refused: undefined, abort: undefined });
      }
      const named = [...new Set([...stuck, ...dark])].join(", ");
      turn.record("command", `tries again: ${named}`, by);
      return `${turn.state.group} tries again: ${named}`;
    },
    abort: (turn, by) => {
      const busy = plan.line.filter(({ service }) => {
        const member = turn.member(service);
        return member && underWay(member)?.phase === "forward";
      });
      if (busy.length === 0) throw refused(turn, `no route of ${turn.state.group} is under way`);
      for (const { service } of busy) turn.setProgress(service, { abort: turn.member(service)?.rollouts });
      const named = busy.map(({ route }) => route).join(", ");
      turn.record("command", `aborted: ${named}`, by);
      return `${named} goes back to legacy, and the line stops`;
    },
    undo: (turn) => {
      const moved = plan.line.filter(({ service }) => turn.standing(service).at === "promoted");
      const [last] = moved.toReversed();
      throw refused(turn, `${turn.state.group} has ${moved.length} routes that have moved: say which one goes back`, {
        next: last ? `serin undo ${last.service}` : `serin get ${turn.state.group}`,
      });
    },
  };
}

/** Legacy itself did not come up behind it. */
function isDark(turn: GroupTurn, service: string): boolean {
  const member = turn.member(service);
  return member !== undefined && member.stable === undefined && member.rollouts > 0 && !underWay(member);
}

function next({ line }: FacadePlan): { readonly next: string } {
  return { next: `pass a step that waits with: serin promote ${line[0]?.service ?? ""}` };
}
