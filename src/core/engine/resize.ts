// What follows from another number of replicas?
import { compile } from "../plan/compile.ts";
import { sizeFor } from "../plan/capacity.ts";
import type { Program } from "../plan/step.ts";
import { replicasAsked } from "../spec/workload.ts";
import { shareOf } from "../split.ts";
import { poolOf, underWay, type RolloutState, type ServiceState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Replicas that together carry all of the traffic: what a person has set, else what the file says. */
export function replicasOf({ replicas, spec }: Pick<ServiceState, "replicas" | "spec">): number {
  return replicas ?? replicasAsked(spec.spec.workload);
}

/**
 * Brings every pool to the new number at once, and what is still to come of a rollout with it. Why that is not possible:
 * a rolling update's batches cannot be cut anew half way.
 */
export function resizeTo(turn: Turn, replicas: number): string | undefined {
  const rollout = underWay(turn.state);
  const program = rollout && resized(turn, rollout, replicas);
  if (rollout && !program) return "its batches are of the old number: wait for its end, or abort it";
  turn.set({ replicas });
  const stable = poolOf(turn.state, "stable");
  if (!rollout || !program) {
    if (stable && stable.size !== replicas) turn.want({ ...stable, size: replicas });
    return undefined;
  }
  turn.setRollout({ program, stepSinceMs: turn.nowMs });
  for (const pool of turn.state.pools) {
    if (pool.role === "former") continue;
    const grown = Math.ceil((pool.size * replicas) / rollout.program.fullSize);
    const least = sizeFor(shareOf(turn.state.split.weights, pool.role), replicas);
    const size = pool.role === "stable" ? replicas : Math.max(1, least, grown);
    if (pool.size > 0) turn.want({ ...pool, size });
  }
  return undefined;
}

/** The same program for another number; `undefined` when it would have other steps. */
function resized({ state }: Turn, rollout: RolloutState, replicas: number): Program | undefined {
  const { strategy, steps } = rollout.program;
  const compiled = compile(state.spec, {
    abilities: state.abilities,
    stable: strategy !== "first",
    direct: strategy === "direct",
    replicas,
  });
  if (!compiled.ok || strategy === "rolling") return undefined;
  const { program } = compiled;
  const same = program.steps.length === steps.length && program.steps.every(({ op }, at) => op === steps[at]?.op);
  return same ? { ...program, analysis: rollout.program.analysis } : undefined;
}
