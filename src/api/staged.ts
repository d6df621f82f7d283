// What of a group's file is rehearsed?
import { SerinError } from "../core/issues.ts";
import { compile } from "../core/plan/compile.ts";
import type { StagedRelease } from "../rehearse/group-stage.ts";
import { limitOfGroup } from "../rehearse/pace.ts";
import { releasePlan, type GroupFile } from "./group-file.ts";

/** A release as it is rehearsed, and the longest time of that. Throws SERIN_NOT_REHEARSED for a façade. */
export function stagedOf({ group, document, members }: GroupFile): {
  readonly release: StagedRelease;
  readonly limitMs: number;
} {
  if (document.kind === "Facade") throw notRehearsed(group);
  const plan = releasePlan(document);
  const programs = members.flatMap(({ rollout, abilities }) => {
    const compiled = compile(rollout, { abilities, stable: true });
    return compiled.ok ? [compiled.program] : [];
  });
  const bakeMs = plan.waves.reduce((sum, wave) => sum + wave.bakeMs, 0);
  return {
    release: { group, plan, members: members.map(({ rollout }) => rollout) },
    limitMs: limitOfGroup(programs, bakeMs),
  };
}

function notRehearsed(group: string): SerinError {
  return new SerinError({
    code: "SERIN_NOT_REHEARSED",
    what: `${group} cannot be rehearsed: its routes leave somebody else's service, of which nothing is known`,
    now: "nothing was changed",
    next: "rehearse one of its routes: a rollout file with the same strategy and analysis",
    exitCode: 2,
  });
}
