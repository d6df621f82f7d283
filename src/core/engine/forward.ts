// Is the step under way done, and what does the next one begin with?
import { closed, closedText } from "../calendar.ts";
import { byStep, type Step, type StepTable } from "../plan/step.ts";
import { all, isExposed, sameSplit, shareOf, type Role } from "../split.ts";
import { beginJudgement } from "../stats/verdict.ts";
import { duration, ms, WHOLE, type Ms } from "../units.ts";
import { troubleOf, type Replica } from "../world.ts";
import {
  asked,
  attributed,
  back,
  closedNow,
  SHUT,
  type Check,
  done,
  give,
  heldBack,
  hopelessRouter,
  isRuledOnly,
  overdue,
  reported,
  stop,
  taken,
  unread,
  unseen,
  wait,
} from "./check.ts";
import { carriers } from "./capacity.ts";
import { checkTest } from "./ab-test.ts";
import { approvalsText } from "./approve.ts";
import { checkComparison } from "./compare.ts";
import { end } from "./end.ts";
import { checkHookGate, checkRun } from "./hooks.ts";
import { rivalsText } from "./rivals.ts";
import { checkRamp } from "./ramp.ts";
import { poolOf, type PoolState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { goBack } from "./way-back.ts";

/** Goes on from step to step, as far as the world allows it now. */
export function advance(turn: Turn): void {
  const { steps } = turn.rollout.program;
  // Each turn of the loop passes a step or ends the loop.
  for (;;) {
    const step = steps[turn.rollout.cursor];
    if (!step) return end(turn, "promoted", `${turn.rollout.candidate} is stable`);
    const check = byStep(CHECKS, step)(turn);
    if (check.kind === "back") return goBack(turn, check.outcome, check.why);
    if (check.kind === "wait") return turn.setRollout({ waiting: check.waiting });
    const { paused, shortSinceMs } = turn.rollout;
    const next = steps[turn.rollout.cursor + 1];
    if (shortSinceMs !== undefined && WORKS.has(step.op)) {
      return turn.setRollout({
        waiting: { for: "replicas", text: "the canary has too few replicas that stay ready for its share" },
      });
    }
    if (takesAway(next) && !settled(turn)) {
      const text = `the canary stays ready for ${duration(settleMs(turn))} before ${next?.op === "promote" ? "it is made stable" : "stable goes"}`;
      return turn.setRollout({ waiting: { for: "replicas", text } });
    }
    const shut = next && RAISES.has(next.op) && raises(turn, next) ? closedNow(turn) : undefined;
    if (shut) return standStill(turn, shut);
    if (paused && movesOn(next)) {
      return turn.setRollout({ waiting: { for: "person", text: `paused by ${attributed(paused)}` } });
    }
    turn.record("step", check.how);
    turn.setRollout({ cursor: turn.rollout.cursor + 1, stepSinceMs: turn.nowMs, ...UNASKED });
    enter(turn);
  }
}

/** Nobody has said anything about a step that has just begun. */
const UNASKED = { waived: false, approvals: undefined, waiting: undefined } as const;

/** Does what a step begins with. Called when the step becomes the one under way. */
export function enter(turn: Turn): void {
  const step = turn.rollout.program.steps[turn.rollout.cursor];
  if (step) byStep(ENTRIES, step)(turn);
}

/** Steps that bring the version to more users, or to all for good. */
const RAISES: ReadonlySet<Step["op"]> = new Set(["scale", "route", "ramp", "promote", "retire"]);

function raises({ state }: Turn, step: Step): boolean {
  // The old version is not taken away for a new one that may not come.
  if (step.op === "retire") return step.role === "stable" && !poolOf(state, "former");
  if (step.op === "scale") return step.role === "canary" || step.role === "stable";
  if (step.op !== "route") return true;
  if (isExposed(step, "canary") && !isExposed(state.split, "canary")) return true;
  return shareOf(step.weights, "canary") > shareOf(state.split.weights, "canary");
}

/** Waits for the calendar; that it began to is written down once. */
function standStill(turn: Turn, text: string): void {
  if (!turn.rollout.waiting?.text.startsWith(SHUT)) turn.record("note", text);
  turn.setRollout({ waiting: { for: "time", text } });
}

// A pause lets what has begun come to its end, and what only tidies up.
function movesOn(next: Step | undefined): boolean {
  return next !== undefined && next.op !== "retire";
}

/**
 * A version that crashes seconds after its start is ready for a moment too. It has its traffic by then: only the old
 * version, and with it the way back, is kept a little longer.
 */
const SETTLE_MS = 5_000;

function settleMs({ rollout }: Turn): Ms {
  return ms(Math.min(SETTLE_MS, rollout.program.progressDeadlineMs / 2));
}

/** Whether all replicas of the candidate have been ready for long enough. A first version replaces nothing. */
function settled(turn: Turn): boolean {
  const { rollout, state, input } = turn;
  if (rollout.stable === undefined) return true;
  if (input.pools.kind !== "value") return false;
  const canary = poolOf(state, "canary");
  const pool = turn.running(canary?.pool);
  const lasting = (pool?.replicas ?? []).filter(({ state: is, readySinceMs = turn.nowMs }) => {
    return is === "ready" && turn.nowMs - readySinceMs >= settleMs(turn);
  });
  const { program } = rollout;
  const needed = pool?.unlimited ? 1 : Math.min(canary?.size ?? program.fullSize, carriers(program));
  return lasting.length >= needed;
}

/** Steps after which nobody could go back at once. */
function takesAway(next: Step | undefined): boolean {
  return next?.op === "promote" || (next?.op === "scale" && next.role === "stable" && next.size === 0);
}

/** Steps that are over only while the candidate can carry what it was given. */
const WORKS: ReadonlySet<Step["op"]> = new Set(["route", "ramp", "hold", "judge", "gate", "run", "compare", "test"]);

const ENTRIES: StepTable<(turn: Turn) => void> = {
  scale: (step) => (turn) => scale(turn, step.role, step.size),
  route: () => () => {},
  ramp: () => () => {},
  hold: () => () => {},
  judge: () => (turn) => {
    const { analysis, program } = turn.rollout;
    if (!analysis || !program.analysis) return;
    turn.setRollout({ analysis: beginJudgement(program.analysis, analysis) });
  },
  gate: () => () => {},
  run: () => () => {},
  compare: () => () => {},
  test: () => () => {},
  conclude: () => () => {},
  promote: () => promote,
  retire: (step) => (turn) => {
    const pool = (step.role === "stable" ? poolOf(turn.state, "former") : undefined) ?? poolOf(turn.state, step.role);
    if (pool) turn.unwant(pool.pool);
  },
};

const CHECKS: StepTable<(turn: Turn) => Check> = {
  scale: (step) => (turn) => hopelessRouter(turn) ?? checkScale(turn, step.role, step.size),
  route: (step) => (turn) => hopelessRouter(turn) ?? checkRoute(turn, step),
  ramp: (step) => (turn) => hopelessRouter(turn) ?? checkRamp(turn, step),
  hold: (step) => (turn) => checkHold(turn, step),
  judge: (step) => (turn) => checkJudge(turn, step),
  gate: (step) => (turn) => checkGate(turn, step),
  run: (step) => (turn) => checkRun(turn, step),
  compare: (step) => (turn) => checkComparison(turn, step),
  test: (step) => (turn) => checkTest(turn, step),
  conclude: (step) => (turn) => {
    const { verdict } = turn.rollout;
    const why = `${verdict ? `${step.what}. ${verdict.text}` : step.what}${rivalsText(turn.rollout)}`;
    return { kind: "back", outcome: "concluded", why };
  },
  promote: () => (turn) =>
    reported(turn, turn.state.split) ? done(`${turn.rollout.candidate} promoted`) : asked(turn),
  retire: (step) => (turn) => {
    const left = leftovers(turn);
    if (left === undefined) return wait("replicas", "what runs cannot be read");
    return left === 0 ? done(`${step.role} retired`) : wait("replicas", `${left} replicas drain`);
  },
};

function scale(turn: Turn, role: Role, size: number): void {
  const { rollout, state } = turn;
  const known = poolOf(state, role);
  if (known) return turn.want({ ...known, size });
  const rival = rollout.rivals?.find((other) => other.role === role);
  const revision = rival?.revision ?? (role === "canary" ? rollout.candidate : rollout.stable);
  if (revision === undefined) throw new Error(`no revision for a pool of role ${role}`);
  turn.want({ pool: `${rollout.number}-${role}`, role, revision, size });
}

function promote(turn: Turn): void {
  const { rollout, state } = turn;
  const candidate = poolOf(state, "canary");
  if (!candidate) throw new Error(`${state.service} has no candidate to promote`);
  const roleOf = ({ pool, role }: PoolState): PoolState["role"] => {
    if (pool === candidate.pool) return "stable";
    return role === "stable" ? "former" : role;
  };
  const pools = state.pools.map((pool) => Object.assign({}, pool, { role: roleOf(pool) }));
  turn.set({
    pools,
    stable: { pool: candidate.pool, revision: rollout.candidate },
    split: { weights: all("stable") },
  });
  turn.setRollout({ shortSinceMs: undefined });
}

function checkScale(turn: Turn, role: Role, size: number): Check {
  const { pools } = turn.input;
  // What cannot be seen is no failure of the candidate: its deadline waits for the next look.
  if (pools.kind === "unreadable") return wait("replicas", `what runs cannot be read: ${pools.why}`);
  const pool = poolOf(turn.state, role);
  const ready = turn.ready(pool?.pool);
  // Of addresses that somebody else runs one is as good as all of them.
  if (ready === Infinity) return done(`${role} answers`);
  if (ready > size) return done(`${role} goes down from ${ready} to ${size} ready`);
  if (ready === size) return done(`${role} has ${ready} of ${size} ready`);
  const replicas = turn.replicas(pool?.pool);
  const why = troubleOf(replicas);
  // That what is known to work does not start is not the candidate's doing.
  const ends = role === "stable" || role === "baseline" ? stop : back;
  if (replicas.length > 0 && replicas.every(({ hopeless }) => hopeless)) return ends(`${role} cannot start: ${why}`);
  if (late(turn, replicas, size)) {
    const within = duration(turn.rollout.program.progressDeadlineMs);
    // What has everybody already, and carries them, is not taken back for a replica that may be missing.
    const carries = role === "canary" && ready >= carriers(turn.rollout.program);
    if (carries && shareOf(turn.state.split.weights, role) === WHOLE)
      return done(`${role} has ${ready} of ${size} ready after ${within}, which carry everything`);
    if (role === "stable" && ready >= placesLeft(turn))
      return done(`${role} has ${ready} of ${size} ready after ${within}: the other places are the candidate's now`);
    return ends(`${role} has ${ready} of ${size} ready after ${within}${why ? `: ${why}` : ""}`);
  }
  return wait("replicas", `${role}: ${ready} of ${size} ready${why ? ` (${why})` : ""}`);
}

/** Places that stable can have at the most, where those that are lost may come back as the candidate. */
function placesLeft({ state, input, rollout }: Turn): number {
  if (!state.abilities.workload.refills || input.pools.kind !== "value") return Infinity;
  const others = input.pools.value.filter(({ pool }) => pool !== state.stable?.pool);
  return rollout.program.fullSize - others.reduce((sum, { replicas }) => sum + replicas.length, 0);
}

/** Where replicas take their places one by one, each of them has as long as all have together elsewhere. */
function late(turn: Turn, replicas: readonly Replica[], size: number): boolean {
  if (!turn.state.abilities.workload.inPlace || !overdue(turn)) return overdue(turn);
  const { stepSinceMs, program } = turn.rollout;
  const lastMs = Math.max(...replicas.map(({ readySinceMs }) => readySinceMs ?? stepSinceMs), stepSinceMs);
  const forMs = Math.max((turn.nowMs - stepSinceMs) / Math.max(1, size), turn.nowMs - lastMs);
  return forMs > program.progressDeadlineMs;
}

function checkRoute(turn: Turn, { weights, matches, mirror }: Extract<Step, { op: "route" }>): Check {
  const { split } = turn.state;
  const isGiven = sameSplit(split, { weights, matches, mirror, sticky: split.sticky });
  return isGiven ? taken(turn, weights) : give(turn, { weights, matches, mirror });
}

function checkHold(turn: Turn, { durationMs, keepsOld }: Extract<Step, { op: "hold" }>): Check {
  if (turn.rollout.waived) return done("hold passed by a person");
  const left = durationMs - (turn.nowMs - turn.rollout.stepSinceMs);
  if (left > 0) return wait("time", `holds for another ${duration(ms(left))}`);
  // Nothing rises after it: a service that nobody asks for anything is not kept in two versions for ever.
  const nothing = keepsOld || isRuledOnly(turn) ? undefined : (unseen(turn) ?? unread(turn));
  return nothing ?? heldBack(turn) ?? done(`held ${duration(durationMs)}`);
}

function checkJudge(turn: Turn, step: Extract<Step, { op: "judge" }>): Check {
  const { rollout } = turn;
  if (rollout.waived) return done("judgement passed by a person");
  const elapsed = turn.nowMs - rollout.stepSinceMs;
  const { verdict } = rollout;
  const nothing = unseen(turn);
  if (nothing || !verdict) return nothing ?? wait("evidence", "waits for the first look");
  const held = heldBack(turn);
  if (held) return held;
  if (verdict.kind === "no-worse" && elapsed >= step.atLeastMs)
    return done(`judged no worse after ${duration(ms(elapsed))}`);
  if (step.atMostMs === undefined || elapsed < step.atMostMs) return wait("evidence", verdict.text);
  return timeUp(turn, step.undecided, verdict.text);
}

function timeUp(turn: Turn, undecided: Extract<Step, { op: "judge" }>["undecided"], text: string): Check {
  const said = text.replace(/^Undecided: /u, "");
  if (undecided === "goOn") return done(`undecided, goes on as asked: ${said}`);
  if (undecided === "rollBack") return back(`undecided when time was up: ${said}`);
  return wait("person", `undecided, held as asked: ${said}`);
}

function checkGate(turn: Turn, { what, by, approvals }: Extract<Step, { op: "gate" }>): Check {
  if (turn.rollout.waived) return done(`${what}: passed`);
  if (by?.kind === "hook") return checkHookGate(turn, by.hook);
  if (approvals !== undefined) return wait("person", `${what}: ${approvalsText(turn.rollout, approvals)}`);
  if (!by) return wait("person", `${what}: waits for a person`);
  const shut = closed({ windows: by.hours, freezes: [] }, turn.nowMs);
  return shut ? wait("time", `${what}: ${closedText(shut, turn.nowMs)}`) : done(what);
}

/** Replicas that still run although no pool of theirs is wanted; `undefined` when that cannot be read. */
function leftovers(turn: Turn): number | undefined {
  if (turn.input.pools.kind === "unreadable") return undefined;
  if (turn.input.pools.kind === "absent") return 0;
  const wanted = new Set(turn.state.pools.map(({ pool }) => pool));
  const left = turn.input.pools.value.filter(({ pool }) => !wanted.has(pool));
  return left.reduce((sum, { replicas }) => sum + replicas.length, 0);
}
