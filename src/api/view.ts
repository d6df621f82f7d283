// What does a service look like to a person?
import type { PoolState, RolloutState, ServiceState } from "../core/engine/state.ts";
import type { Program } from "../core/plan/step.ts";
import { sentence } from "../core/plan/sentence.ts";
import type { Role } from "../core/split.ts";
import { usualOf } from "../core/stats/verdict.ts";
import type { Ms } from "../core/units.ts";
import { readyAmong, troubleOf, type RunningPool } from "../core/world.ts";
import type { Seen } from "../runtime/controller.ts";
import { healthOf } from "../runtime/health.ts";
import type { PoolView, RolloutView, ServiceView, Shares } from "./contract.ts";

/** A service as it was last seen. Contents of revisions stay out of it: environments hold secrets. */
export function viewOf({ state, world, measured, troubles }: Seen, nowMs: Ms): ServiceView {
  const running = world?.pools.kind === "value" ? world.pools.value : [];
  const traffic = world?.traffic.kind === "value" ? world.traffic.value : undefined;
  return {
    service: state.service,
    version: state.version,
    nowMs,
    address: traffic?.address,
    stable: state.stable?.revision,
    health: healthOf(state, world),
    pools: world ? poolsOf(state.pools, running) : state.pools.map((pool) => poolView(pool, undefined)),
    preview: traffic?.preview,
    wanted: state.split.weights,
    split: state.split,
    reported: traffic?.split.weights,
    measured: measured && sharesOf(measured.windowMs, measured.requests),
    usual: state.background && { ...usualOf(state.background), perSecond: state.perSecond ?? 0 },
    rollout: state.rollout && rolloutOf(state.rollout, state),
    history: state.history,
    quarantine: state.quarantine,
    queued: state.queued && {
      revision: state.queued.command.revision.id,
      atMs: state.queued.atMs,
      actor: state.queued.command.actor,
    },
    recent: state.recent,
    troubles,
  };
}

function readyIn(pool: RunningPool | undefined): number {
  return readyAmong(pool?.replicas ?? []).length;
}

function poolsOf(wanted: readonly PoolState[], running: readonly RunningPool[]): PoolView[] {
  const named = new Set(wanted.map(({ pool }) => pool));
  const leaving = running.filter(({ pool, replicas }) => !named.has(pool) && replicas.length > 0);
  return [
    ...wanted.map((pool) =>
      poolView(
        pool,
        running.find((entry) => entry.pool === pool.pool),
      ),
    ),
    ...leaving.map((pool) => poolView({ pool: pool.pool, role: "leaving", revision: pool.revision, size: 0 }, pool)),
  ];
}

type Named = Omit<PoolState, "role"> & { readonly role: PoolView["role"] };

function poolView({ pool, role, revision, size }: Named, running: RunningPool | undefined): PoolView {
  const replicas = running?.replicas ?? [];
  return {
    pool,
    role,
    revision,
    wanted: size,
    ready: running && readyIn(running),
    restarts: replicas.reduce((sum, { restarts }) => sum + restarts, 0),
    why: troubleOf(replicas) || undefined,
  };
}

function sharesOf(windowMs: number, requests: Readonly<Partial<Record<Role, number>>>): ServiceView["measured"] {
  const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
  const shares = Object.entries(requests).map(([role, count]) => [role, total === 0 ? 0 : count / total]);
  return { windowMs, requests: total, shares: Object.fromEntries(shares) as Shares };
}

const sentences = new WeakMap<Program, readonly string[]>();

/** A program stays the same for as long as its rollout, and is shown at every look. */
function stepsOf(program: Program): readonly string[] {
  const steps = sentences.get(program) ?? program.steps.map((step) => sentence(step));
  sentences.set(program, steps);
  return steps;
}

function rolloutOf(rollout: RolloutState, { stable, spec }: ServiceState): RolloutView {
  const { number, candidate, phase, program, cursor, startedMs, stepSinceMs } = rollout;
  return {
    number,
    strategy: program.strategy,
    candidate,
    replaces: rollout.stable,
    phase,
    steps: stepsOf(program),
    cursor,
    startedMs,
    stepSinceMs,
    endedMs: rollout.endedMs,
    waiting: rollout.waiting,
    gate: gateOf(rollout, spec.spec.lastGate),
    paused: rollout.paused,
    goesBackBecause: rollout.back?.why,
    // Once the candidate is stable there is nothing left to compare it with.
    verdict: stable?.revision === rollout.candidate ? undefined : rollout.verdict,
    rivals: rollout.rivals?.map(({ name, role, revision, verdict, left }) => ({ name, role, revision, verdict, left })),
    trail: rollout.trail,
    measured: rollout.measured,
    comparison: rollout.comparison,
    test: rollout.test,
    outcome: rollout.outcome,
    why: rollout.why,
  };
}

/** The gate at which a person is waited for; the last one of a release's member opens with those of the others. */
function gateOf(
  { program, cursor, phase, waiting, startedBy, approvals }: RolloutState,
  lastGate: string | undefined,
): RolloutView["gate"] {
  const step = program.steps[cursor];
  if (phase !== "forward" || waiting?.for !== "person" || step?.op !== "gate") return undefined;
  if (step.by || step.what === lastGate) return undefined;
  return { what: step.what, needed: step.approvals, approvals: approvals ?? [], startedBy };
}
