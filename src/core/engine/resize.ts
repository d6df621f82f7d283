// What follows from another number of replicas?
import { compile } from "../plan/compile.ts";
import { sizeFor } from "../plan/capacity.ts";
import { countsFor } from "../plan/counts.ts";
import type { Step } from "../plan/step.ts";
import { replicasAsked } from "../spec/workload.ts";
import { shareOf, type Role } from "../split.ts";
import { enter } from "./forward.ts";
import { stepsWithout } from "./rivals.ts";
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
  const place = rollout && resized(turn, rollout, replicas);
  if (rollout && typeof place !== "object") return place;
  turn.set({ replicas });
  const stable = poolOf(turn.state, "stable");
  if (!rollout || typeof place !== "object") {
    if (stable && stable.size !== replicas) turn.want({ ...stable, size: replicas });
    return undefined;
  }
  const { op } = place.program.steps[place.cursor] ?? {};
  const grows = op === "scale" || op === "route" || op === "ramp";
  turn.setRollout({ ...place, ...(grows && { stepSinceMs: turn.nowMs }) });
  const sizes = turn.state.abilities.workload.inPlace ? placesOf(turn, replicas) : undefined;
  for (const pool of turn.state.pools) {
    if (pool.role === "former" || pool.size === 0) continue;
    const grown = Math.ceil((pool.size * replicas) / rollout.program.fullSize);
    const least = sizeFor(shareOf(turn.state.split.weights, pool.role), replicas);
    const size = pool.role === "stable" ? replicas : Math.max(1, least, grown);
    turn.want({ ...pool, size: sizes?.[pool.role] ?? size });
  }
  if (op === "scale") enter(turn);
  return undefined;
}

/** Who shares places shares the new number too: as near to the share as it comes, and stable keeps one while it has any. */
function placesOf({ state }: Turn, replicas: number): Partial<Record<Role, number>> {
  const [stable, canary] = [poolOf(state, "stable"), poolOf(state, "canary")];
  if (!stable?.size || !canary?.size) return {};
  const share = shareOf(state.split.weights, "canary");
  const size = Math.max(1, Math.min(replicas - 1, countsFor(share, replicas, 0).canary));
  return { canary: size, stable: Math.max(0, replicas - size) };
}

type Place = Pick<RolloutState, "program" | "cursor">;

const isPlaced = ({ op }: Step): boolean => op !== "scale";

/**
 * The same program for another number, and where it stands: pools of other sizes may need more or fewer steps to grow.
 * Why not, when the other steps would be others, or are batches.
 */
function resized({ state }: Turn, rollout: RolloutState, replicas: number): Place | string {
  const { program: before, cursor } = rollout;
  const compiled = compile(state.spec, {
    abilities: state.abilities,
    stable: before.strategy !== "first",
    direct: before.strategy === "direct",
    hotfix: before.calendar === undefined,
    replicas,
  });
  if (before.strategy === "rolling") return "its batches are of the old number: wait for its end, or abort it";
  if (!compiled.ok) return compiled.issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  const program = { ...compiled.program, steps: withoutThose(compiled.program.steps, state, rollout) };
  const [old, fresh] = [before.steps, program.steps].map((steps) => steps.filter(isPlaced).map(({ op }) => op));
  if (old?.join() !== fresh?.join())
    return "its steps are not those of its file any more: wait for its end, or abort it";
  const passed = before.steps.slice(0, cursor).filter(isPlaced).length;
  const isGrowing = before.steps[cursor]?.op === "scale";
  return { program: { ...program, analysis: before.analysis }, cursor: placeOf(program.steps, passed, isGrowing) };
}

/** Candidates that have left an experiment get no share of what is still to come. */
function withoutThose(steps: readonly Step[], state: ServiceState, { rivals = [] }: RolloutState): readonly Step[] {
  const left: Role[] = rivals.flatMap(({ role, left: why }) => (why === undefined ? [] : [role]));
  if (rivals.length > 0 && !poolOf(state, "canary") && shareOf(state.split.weights, "canary") === 0)
    left.push("canary");
  return stepsWithout(steps, left);
}

/** Where so many steps that do not only grow are passed; with `growing`, what grows for the next one comes first. */
function placeOf(steps: readonly Step[], passed: number, growing: boolean): number {
  const places = steps.flatMap((step, index) => (isPlaced(step) ? [index] : []));
  if (growing) return passed === 0 ? 0 : (places[passed - 1] ?? -1) + 1;
  return places[passed] ?? steps.length;
}
