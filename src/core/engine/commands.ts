// What may a person ask for, and what follows from it?
import type { Trouble } from "../issues.ts";
import { compile } from "../plan/compile.ts";
import type { Step } from "../plan/step.ts";
import { startAnalysis } from "../stats/verdict.ts";
import { replicasAsked } from "../spec/workload.ts";
import type { Revision } from "../world.ts";
import { all } from "../split.ts";
import { WHOLE } from "../units.ts";
import { approvalsNeeded, approve, askForApprovals, asksForApprovals } from "./approve.ts";
import { attributed, SHUT } from "./check.ts";
import { enter } from "./forward.ts";
import type { Answer, Command, NamedRevision } from "./input.ts";
import { poolOf, rolloutName, underWay, type RolloutState, type ServiceState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { isPromoted, receiveNewer, startQueued } from "./newer.ts";
import { Refusal } from "./refusal.ts";
import { rivalsOf } from "./rivals.ts";
import { replicasOf, resizeTo } from "./resize.ts";
import { traffic } from "./texts.ts";
import { goBack } from "./way-back.ts";

type Verb = Command["kind"];
type Of<K extends Verb, C = Command> = C extends { readonly kind: Verb } ? (K extends C["kind"] ? C : never) : never;
/** Does what was asked and says so, or throws a Refusal. */
type Verbs = { readonly [K in Verb]: (turn: Turn, command: Of<K>) => string };

/** Carries a command out, or refuses it and leaves everything as it is. */
export function obey(turn: Turn, command: Command): Answer {
  const before = turn.state;
  const recorded = turn.records.length;
  try {
    refuseStale(turn, command);
    const verb = VERBS[command.kind] as (turn: Turn, command: Command) => string;
    return { id: command.id, text: verb(turn, command) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    turn.state = before;
    turn.records.length = recorded;
    return { id: command.id, text: error.trouble.what, refused: error.trouble };
  }
}

/** What has waited for the end of a rollout begins as if it were asked for now. */
export function obeyQueued(turn: Turn): void {
  startQueued(turn, (command) => obey(turn, command).refused?.what);
}

function refuseStale({ state }: Turn, { expected, kind }: Command): void {
  if (expected === undefined || expected === state.version) return;
  const since = state.recent.filter(({ version }) => version > expected).map(({ text }) => text);
  throw new Refusal({
    code: "SERIN_STALE",
    what: `${kind} of ${state.service} was decided on version ${expected}; it is at ${state.version} now`,
    found: since.length > 0 ? since.join("; ") : "a later decision",
    now: traffic(state),
    next: `look again with: serin get ${state.service}`,
    exitCode: 1,
  });
}

const VERBS: Verbs = {
  apply: (turn, command) => {
    const { state } = turn;
    const busy = underWay(state);
    const { revision, spec } = command;
    if (busy) {
      refuseQuarantined(state, revision.id);
      return receiveNewer(turn, command, busy);
    }
    // A file that says another number of replicas than the last one takes back what a person had set.
    const isSame = replicasAsked(spec.spec.workload) === replicasAsked(state.spec.spec.workload);
    const replicas = isSame ? state.replicas : undefined;
    turn.set({ spec, origin: command.origin, abilities: command.abilities, replicas });
    const stable = poolOf(turn.state, "stable");
    if (stable) turn.want({ ...stable, size: replicasOf(turn.state) });
    if (state.stable?.revision === revision.id) {
      // How it is treated (readiness, drain) may have changed, and is no part of its name.
      turn.set({ revisions: { ...turn.state.revisions, [revision.id]: revision } });
      turn.record("command", `${revision.id} is stable already; settings taken over`, by(command));
      return `${revision.id} is stable already; nothing to roll out`;
    }
    refuseQuarantined(state, revision.id);
    return start(turn, command, { revision, direct: false, hotfix: command.hotfix, rivals: command.rivals });
  },
  scale: (turn, command) => {
    const { replicas } = command;
    if (replicas === replicasOf(turn.state)) return `${turn.state.service} has ${replicas} replicas already`;
    const why = resizeTo(turn, replicas);
    if (why !== undefined) throw new Refusal(wrong(turn, `${rolloutName(turn.state)} cannot be scaled now: ${why}`));
    turn.record("command", `scaled to ${replicas} replicas`, by(command));
    return `${turn.state.service} is brought to ${replicas} replicas`;
  },
  promote: (turn, command) => {
    const rollout = needRollout(turn, command);
    const { paused } = rollout;
    if (paused) {
      const next = `serin resume ${turn.state.service}`;
      const what = `${rolloutName(turn.state)} is paused by ${attributed(paused)}`;
      throw new Refusal({ ...wrong(turn, what), next });
    }
    const needed = approvalsNeeded(rollout);
    if (command.full) turn.setRollout({ program: { ...rollout.program, steps: withoutWaits(rollout) } });
    if (needed !== undefined) return approve(turn, command, needed);
    if (!command.full) refuseUnlessWaiting(turn, rollout);
    turn.record("command", command.full ? "goes on to the end without waiting" : "goes on", by(command));
    turn.setRollout({ waived: true });
    return `${rolloutName(turn.state)} goes on`;
  },
  approvals: askForApprovals,
  pause: (turn, command) => {
    needRollout(turn, command);
    turn.record("command", "paused", by(command));
    turn.setRollout({ paused: { by: command.actor, reason: command.reason, atMs: turn.nowMs } });
    return `${rolloutName(turn.state)} is paused; ${traffic(turn.state)}`;
  },
  resume: (turn, command) => {
    const rollout = needRollout(turn, command);
    if (!rollout.paused) throw new Refusal(wrong(turn, `${rolloutName(turn.state)} is not paused`));
    turn.record("command", "resumed", by(command));
    turn.setRollout({ paused: undefined, runs: rollout.runs && counted(rollout.runs) });
    return `${rolloutName(turn.state)} goes on`;
  },
  abort: (turn, command) => {
    const waits = turn.state.queued?.command.revision.id;
    const said = waits === undefined ? "aborted" : `aborted; ${waits}, which has waited, does not start`;
    const busy = underWay(turn.state);
    if (waits !== undefined && busy && (busy.phase === "back" || isPromoted(turn, busy))) {
      turn.set({ queued: undefined });
      turn.record("command", said, by(command));
      return `${waits} does not start; ${rolloutName(turn.state)} comes to its end`;
    }
    const rollout = needRollout(turn, command);
    if (isPromoted(turn, rollout)) {
      const next = `serin undo ${turn.state.service}`;
      throw new Refusal({ ...wrong(turn, `${rolloutName(turn.state)} is promoted already`), next });
    }
    turn.record("command", said, by(command));
    turn.set({ queued: undefined });
    goBack(turn, "stopped", `aborted by ${attributed({ by: command.actor, reason: command.reason })}`);
    const to = turn.state.stable ? "goes back to stable" : "is stopped; there is no stable version to go back to";
    return `${rolloutName(turn.state)} ${to}`;
  },
  retry: (turn, command) => {
    const { state } = turn;
    if (underWay(state)) throw new Refusal(wrong(turn, `${rolloutName(state)} is under way`));
    const last = state.rollout;
    if (!last || last.outcome === "promoted") {
      throw new Refusal(wrong(turn, `${state.service} has no rollout that was rolled back or stopped`));
    }
    const rivals = last.rivals?.map(({ name, revision }) => ({ name, revision: known(turn, revision) }));
    return start(turn, command, { revision: known(turn, last.candidate), direct: false, rivals });
  },
  undo: (turn, command) => {
    const { state } = turn;
    const busy = underWay(state);
    if (busy)
      throw new Refusal({ ...wrong(turn, `${rolloutName(state)} is under way`), next: `serin abort ${state.service}` });
    const earlier = state.history.find(
      ({ outcome, candidate }) => outcome === "promoted" && candidate !== state.stable?.revision,
    );
    const named = state.history.find(({ number }) => rolloutName(state, number) === command.to);
    const to = named?.candidate ?? command.to ?? earlier?.candidate;
    if (to === undefined) throw new Refusal(wrong(turn, `${state.service} has no earlier revision to go back to`));
    const revision = known(turn, to);
    if (revision.id === state.stable?.revision) throw new Refusal(wrong(turn, `${revision.id} is stable already`));
    refuseNeverStable(turn, revision.id);
    return start(turn, command, { revision, direct: true });
  },
};

/** Failures in a row count anew from when a person has said that it may go on. */
const counted = (runs: NonNullable<RolloutState["runs"]>): RolloutState["runs"] =>
  Object.fromEntries(Object.entries(runs).map(([key, run]) => [key, { ...run, inARow: 0 }]));

interface What {
  readonly revision: Revision;
  readonly direct: boolean;
  readonly hotfix?: boolean | undefined;
  readonly rivals?: readonly NamedRevision[] | undefined;
}

function start(turn: Turn, command: Command, what: What): string {
  const { state } = turn;
  const compiled = compile(state.spec, {
    abilities: state.abilities,
    stable: state.stable !== undefined,
    direct: what.direct,
    hotfix: what.hotfix,
    replicas: state.replicas,
  });
  if (!compiled.ok) {
    const list = compiled.issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
    throw new Refusal(wrong(turn, `${state.service} cannot be rolled out as asked: ${list}`));
  }
  const { program } = compiled;
  const number = state.rollouts + 1;
  // A first version has nobody to be compared with.
  const rivals = program.strategy === "experiment" ? (what.rivals ?? []) : [];
  const brought = [what.revision, ...rivals.map(({ revision }) => revision)];
  const contents = Object.fromEntries(brought.map((revision) => [revision.id, revision]));
  turn.set({ rollouts: number, revisions: { ...state.revisions, ...contents } });
  turn.set({
    rollout: {
      number,
      candidate: what.revision.id,
      stable: state.stable?.revision,
      program,
      phase: "forward",
      cursor: 0,
      startedMs: turn.nowMs,
      stepSinceMs: turn.nowMs,
      waived: false,
      startedBy: command.onBehalfOf ?? command.actor,
      requestsAtShare: 0,
      ...(rivals.length > 0 ? { rivals: rivalsOf(rivals) } : {}),
      analysis: program.analysis && startAnalysis(program.analysis, state.background),
    },
  });
  const from = state.stable ? `, to replace ${state.stable.revision}` : "";
  turn.record(
    "started",
    `${rolloutName(turn.state)} brings ${what.revision.id}${from} (${program.strategy})`,
    by(command),
  );
  enter(turn);
  return `${rolloutName(turn.state)} started`;
}

function needRollout(turn: Turn, { kind }: Command): RolloutState {
  const rollout = turn.state.rollout;
  if (rollout?.phase === "forward") return rollout;
  const name = rolloutName(turn.state);
  if (!rollout) throw new Refusal(wrong(turn, `${turn.state.service} has no rollout to ${kind}`));
  const said = rollout.phase === "back" ? `${name} is on its way back` : `${name} has ended: ${rollout.outcome}`;
  const next = rollout.outcome && rollout.outcome !== "promoted" ? `serin retry ${turn.state.service}` : undefined;
  throw new Refusal({ ...wrong(turn, `${kind}: ${said}`), ...(next ? { next } : {}) });
}

/** Steps that wait for more than that what was asked for is there: a person may pass them. */
const WAITS: ReadonlySet<Step["op"]> = new Set(["hold", "judge", "gate", "ramp", "run", "compare", "test"]);

function refuseUnlessWaiting(turn: Turn, rollout: RolloutState): void {
  if (rollout.waiting?.text.startsWith(SHUT))
    throw new Refusal(wrong(turn, `${rolloutName(turn.state)} waits for its calendar: it ${rollout.waiting.text}`));
  const step = rollout.program.steps[rollout.cursor];
  if (step && WAITS.has(step.op)) return;
  const what = rollout.waiting?.text ?? `step ${rollout.cursor + 1} is under way`;
  throw new Refusal(wrong(turn, `${rolloutName(turn.state)} does not wait for a person: ${what}`));
}

function withoutWaits({ program, cursor }: RolloutState): RolloutState["program"]["steps"] {
  // Steps before the cursor keep their places, so that what was decided still points at them.
  return program.steps.flatMap((step, index): readonly Step[] => {
    // Nobody passes alone what several people must agree to.
    if (index <= cursor || step.op === "run" || !WAITS.has(step.op) || asksForApprovals(step)) return [step];
    if (step.op !== "ramp" || step.to < WHOLE) return [];
    return [
      { op: "scale", role: "canary", size: program.fullSize },
      { op: "route", weights: all("canary") },
    ];
  });
}

function refuseQuarantined(state: ServiceState, revision: string): void {
  const found = state.quarantine.find((entry) => entry.revision === revision);
  if (!found) return;
  throw new Refusal({
    code: "SERIN_QUARANTINED",
    what: `${revision} was rolled back by ${rolloutName(state, found.rollout)} and does not start again by itself`,
    found: found.why,
    now: traffic(state),
    next: `change the service and apply again, or: serin retry ${state.service}`,
    exitCode: 3,
  });
}

/** The direct way asks nobody and judges nothing: it is for what everybody has had before. */
function refuseNeverStable(turn: Turn, revision: string): void {
  const { history, rollout, service } = turn.state;
  // An earlier stable revision is kept only as long as history names it; what is kept besides are the last candidates.
  if (history.some(({ outcome, candidate }) => outcome === "promoted" && candidate === revision)) return;
  const isLast = rollout?.candidate === revision;
  throw new Refusal({
    ...wrong(turn, `${revision} was never stable: there is no going back to it`),
    next: isLast ? `serin retry ${service}` : "apply it: serin apply FILE",
  });
}

function known(turn: Turn, id: string): Revision {
  const matches = Object.values(turn.state.revisions).filter((revision) => revision.id.startsWith(id));
  const [only] = matches;
  if (only && matches.length === 1) return only;
  const names = Object.keys(turn.state.revisions).join(", ");
  throw new Refusal({
    ...wrong(turn, `${turn.state.service} has no revision ${id}`),
    found: `revisions kept: ${names}`,
  });
}

function by({ actor, reason }: Command): { actor: string; reason: string } {
  return { actor, reason };
}

function wrong(turn: Turn, what: string): Trouble {
  const { state } = turn;
  return {
    code: "SERIN_REFUSED",
    what,
    now: traffic(state),
    next: `look again with: serin get ${state.service}`,
    exitCode: 1,
  };
}
