// What may never be true, whatever happens?
import { ROLES, type Role, shareOf } from "../split.ts";
import { WHOLE } from "../units.ts";
import { capacityOf } from "./capacity.ts";
import { poolOf, type RolloutState, type ServiceState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { WAY_BACK_BOUND_MS } from "./way-back.ts";

/** A decision that would have broken an invariant, and was not taken. A mistake in Serin. */
export class InvariantBroken extends Error {
  override readonly name = "InvariantBroken";
}

type Rule = (before: ServiceState, turn: Turn) => string | undefined;

/** Throws when the decision from `before` to the turn's state breaks a rule. */
export function checkInvariants(before: ServiceState, turn: Turn): void {
  for (const [name, rule] of Object.entries(RULES)) {
    const broken = rule(before, turn);
    if (broken) throw new InvariantBroken(`${turn.state.service}: ${name}: ${broken}`);
  }
}

const canaryShare = (state: ServiceState): number => shareOf(state.split.weights, "canary");

/** The rollout when it is the same one before and after. */
function same(before: ServiceState, { state }: Turn): RolloutState | undefined {
  return before.rollout?.number === state.rollout?.number ? state.rollout : undefined;
}

/** What a role has already: by the state or, on the way back, by the router's report. */
function carried(before: ServiceState, { state, input }: Turn, role: Role): number {
  const share = shareOf(before.split.weights, role);
  if (!state.rollout?.back || input.traffic.kind !== "value") return share;
  return Math.max(share, shareOf(input.traffic.value.split.weights, role));
}

const RULES: Record<string, Rule> = {
  "weights sum to the whole": (_before, { state }) => {
    const sum = ROLES.reduce((total, role) => total + shareOf(state.split.weights, role), 0);
    return sum === WHOLE ? undefined : `they sum to ${sum}`;
  },

  "a share grows only into ready capacity": (before, turn) => {
    const { state } = turn;
    const rollout = state.rollout;
    if (!rollout || rollout.phase === "ended") return undefined;
    const back = rollout.back;
    // Stable takes over what nobody else can answer, and everything once the bound of the way back has passed.
    const canary = poolOf(before, "canary")?.pool;
    if (back && (turn.nowMs - back.sinceMs >= WAY_BACK_BOUND_MS || turn.ready(canary) === 0 || !state.stable))
      return undefined;
    for (const role of ROLES) {
      const pool = poolOf(state, role)?.pool;
      // Before the first deployment stable has a share and no pool: nobody could answer.
      if (pool === undefined) continue;
      const had = before.pools.find((entry) => entry.pool === pool)?.role;
      const share = shareOf(state.split.weights, role);
      // A pool that is new takes its role over with the share that the role has.
      const earlier = had === "former" ? 0 : carried(before, turn, had ?? role);
      const capacity = capacityOf(turn, role);
      if (share > earlier && share > capacity + 1) return `${role} would get ${share} with capacity for ${capacity}`;
    }
    return undefined;
  },

  "the canary's share grows only on a route step, unjudged by nobody": (before, turn) => {
    const rollout = turn.state.rollout;
    if (!rollout || canaryShare(turn.state) <= canaryShare(before)) return undefined;
    const step = rollout.program.steps[rollout.cursor];
    if (rollout.phase !== "forward" || (step?.op !== "route" && step?.op !== "ramp"))
      return `it grew in step ${step?.op ?? "none"} (${rollout.phase})`;
    if (rollout.verdict?.kind === "worse" && !rollout.verdict.suspended) return "it grew although the verdict is worse";
    if (rollout.program.analysis && rollout.blind !== undefined) return "it grew although no evidence could be read";
    return undefined;
  },

  "what was judged is what is promoted": (before, turn) => {
    const rollout = same(before, turn);
    if (rollout && before.rollout?.candidate !== rollout.candidate) return "the candidate changed in mid-rollout";
    for (const pool of turn.state.pools) {
      const was = before.pools.find((entry) => entry.pool === pool.pool);
      if (was && was.revision !== pool.revision) return `pool ${pool.pool} changed its revision`;
    }
    const { stable } = turn.state;
    if (stable && stable.revision !== before.stable?.revision && stable.revision !== turn.state.rollout?.candidate) {
      return `${stable.revision} became stable without a rollout`;
    }
    return undefined;
  },

  "the way back is never left": (before, turn) => {
    const rollout = same(before, turn);
    if (before.rollout?.phase === "back" && rollout?.phase === "forward") return "it was";
    const back = rollout?.back;
    if (!back || rollout.phase === "ended") return undefined;
    if (before.rollout?.phase === "back" && canaryShare(turn.state) > canaryShare(before))
      return "the candidate's share grew on it";
    if (turn.state.split.matches?.length || turn.state.split.mirror) return "rules or copies are left on it";
    const late = turn.nowMs - back.sinceMs >= WAY_BACK_BOUND_MS;
    return late && canaryShare(turn.state) > 0 ? "the candidate still has a share after its bound" : undefined;
  },

  "a quarantined revision starts only when told to": (before, turn) => {
    const { state } = turn;
    if (state.rollouts === before.rollouts) return undefined;
    const candidate = state.rollout?.candidate;
    const barred = before.quarantine.some(({ revision }) => revision === candidate);
    const asked = turn.input.commands.some(({ kind }) => kind === "retry" || kind === "undo");
    return barred && !asked ? `${candidate} did` : undefined;
  },

  "what serves is not taken away": (before, { state }) => {
    if (!before.stable || !state.stable) return before.stable && !state.stable ? "stable is gone" : undefined;
    const serves = state.pools.some(({ pool, size }) => pool === state.stable?.pool && size > 0);
    const meant = state.rollout?.program.steps.some(
      ({ op, ...step }) => op === "retire" && "role" in step && step.role === "stable",
    );
    const former = state.rollout?.phase === "forward" && meant;
    return serves || former ? undefined : "stable has no pool";
  },
};
