// What of a group's file is rehearsed?
import { compile } from "../core/plan/compile.ts";
import type { StagedGroup } from "../rehearse/group-stage.ts";
import { limitOfGroup } from "../rehearse/pace.ts";
import { STABLE } from "../rehearse/part.ts";
import { facadePlan, releasePlan, type GroupFile } from "./group-file.ts";

/** A group as it is rehearsed, and the longest time of that. */
export function stagedOf({ group, document, members }: GroupFile): {
  readonly staged: StagedGroup;
  readonly limitMs: number;
} {
  const plan = document.kind === "Facade" ? facadePlan(document, { id: STABLE, template: {} }) : releasePlan(document);
  const programs = members.flatMap(({ rollout, abilities }) => {
    const compiled = compile(rollout, { abilities, stable: true });
    return compiled.ok ? [compiled.program] : [];
  });
  const bakeMs = plan.kind === "release" ? plan.waves.reduce((sum, wave) => sum + wave.bakeMs, 0) : 0;
  return {
    staged: { group, plan, rollouts: members.map(({ rollout }) => rollout) },
    limitMs: limitOfGroup(programs, bakeMs),
  };
}
