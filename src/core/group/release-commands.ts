// What may a person ask of a release?
import { attributed } from "../engine/check.ts";
import { refused } from "./refused.ts";
import type { By, GroupVerbs } from "./verbs.ts";
import { goBackTogether } from "./release-back.ts";
import type { Progress, ReleasePlan } from "./state.ts";
import type { GroupTurn } from "./turn.ts";

export function releaseVerbs(plan: ReleasePlan): GroupVerbs {
  return {
    promote: (turn, by) => {
      const { run, group } = turn.state;
      if (run?.phase === "forward" && run.bakesSinceMs !== undefined) return endBake(turn, by);
      const [first = ""] = plan.waves[run?.wave ?? 0]?.members ?? [];
      throw refused(turn, `${group} does not wait for a person; a member's own steps are passed one by one`, {
        next: `serin promote ${first}`,
      });
    },
    abort: (turn, { actor, reason }) => {
      const { run, group } = turn.state;
      if (!run || run.phase === "ended" || run.phase === "back")
        throw refused(turn, `${group} has nothing under way to abort`);
      turn.record("command", "aborted", { actor, reason });
      goBackTogether(turn, "stopped", `aborted by ${attributed({ by: actor, reason })}`);
      return `${group}/${run.number} goes back, all of it`;
    },
    undo: (turn, { actor, reason }) => {
      const { run, group } = turn.state;
      if (run?.phase !== "ended" || run.outcome !== "promoted")
        throw refused(turn, `${group} has nothing promoted to undo`);
      turn.record("command", "undone", { actor, reason });
      goBackTogether(turn, "rolled-back", `undone by ${attributed({ by: actor, reason })}`);
      return `${group}/${run.number} goes back, all of it`;
    },
    retry: (turn, by) => {
      const { run, group } = turn.state;
      const isOver = run?.phase === "held" || (run?.phase === "ended" && run.outcome !== "promoted");
      if (!isOver) throw refused(turn, `${group} has no run that went back or holds`);
      const members = Object.fromEntries(
        Object.entries(turn.state.members).map(([name, progress]) => [name, again(turn, name, progress)]),
      );
      const number = turn.state.runs + 1;
      const begun = { number, phase: "forward", startedMs: turn.nowMs, startedBy: by.actor, wave: 0 } as const;
      turn.set({ members, runs: number, run: begun });
      turn.record("started", `${group}/${number} tries again`, by);
      return `${group}/${number} started`;
    },
  };
}

/** Members under way go on where they are; the others begin anew. */
function again(turn: GroupTurn, name: string, { target, askedAfter, before }: Progress): Progress {
  const member = turn.member(name);
  const { at } = turn.standing(name);
  const fresh = { target, again: true, standing: at } as const;
  if (at === "under-way" || at === "gate") return { ...fresh, askedAfter, before };
  return { ...fresh, standing: "waiting", before: member?.stable?.revision };
}

function endBake(turn: GroupTurn, by: By): string {
  turn.record("command", "goes on without watching any longer", by);
  turn.setRun({ watched: true });
  return `${turn.state.group} goes on`;
}
