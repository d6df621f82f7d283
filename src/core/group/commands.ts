// What may a person ask of a group, and what follows from it?
import type { Answer } from "../engine/input.ts";
import { Refusal } from "../engine/refusal.ts";
import { underWay } from "../engine/state.ts";
import { applyGroup } from "./apply.ts";
import { facadeVerbs } from "./facade-commands.ts";
import type { GroupCommand } from "./input.ts";
import { releaseVerbs } from "./release-commands.ts";
import { namesOf } from "./state.ts";
import { refused } from "./refused.ts";
import type { GroupTurn } from "./turn.ts";
import type { By, GroupVerbs } from "./verbs.ts";

/** Carries a command out, or refuses it and leaves everything as it is. */
export function obeyGroup(turn: GroupTurn, command: GroupCommand): Answer {
  const before = turn.state;
  const [recorded, asked] = [turn.records.length, turn.asks.length];
  try {
    refuseStale(turn, command);
    return { id: command.id, text: carryOut(turn, command) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    turn.state = before;
    turn.records.length = recorded;
    turn.asks.length = asked;
    return { id: command.id, text: error.trouble.what, refused: error.trouble };
  }
}

function carryOut(turn: GroupTurn, command: GroupCommand): string {
  if (command.kind === "apply") return applyGroup(turn, command);
  const { actor, reason } = command;
  if (command.kind === "pause") return pause(turn, { actor, reason });
  if (command.kind === "resume") return resume(turn, { actor, reason });
  const { plan } = turn.state;
  const verbs: GroupVerbs = plan.kind === "facade" ? facadeVerbs(plan) : releaseVerbs(plan);
  return verbs[command.kind](turn, { actor, reason });
}

function pause(turn: GroupTurn, by: By): string {
  const { group } = turn.state;
  if (turn.state.run?.phase !== "forward") throw refused(turn, `${group} has nothing under way to pause`);
  turn.record("command", "paused", by);
  turn.set({ paused: { by: by.actor, reason: by.reason, atMs: turn.nowMs } });
  return `${group} is paused, and its members under way with it`;
}

function resume(turn: GroupTurn, by: By): string {
  const { group, paused } = turn.state;
  if (!paused) throw refused(turn, `${group} is not paused`);
  turn.record("command", "resumed", by);
  turn.set({ paused: undefined });
  return `${group} goes on`;
}

/** Members under way pause with their group, and go on with it when it was the group that paused them. */
export function passOnPause(turn: GroupTurn): void {
  const { group, paused } = turn.state;
  for (const service of namesOf(turn.state)) {
    const member = turn.member(service);
    const rollout = member && underWay(member);
    if (rollout?.phase !== "forward" || turn.progress(service).askedAfter === undefined) continue;
    if (paused && !rollout.paused) turn.ask(service, "pause", {});
    if (!paused && rollout.paused?.by === group) turn.ask(service, "resume", {});
  }
}

function refuseStale({ state }: GroupTurn, { expected, kind }: GroupCommand): void {
  if (expected === undefined || expected === state.version) return;
  const since = state.recent.filter(({ version }) => version > expected).map(({ text }) => text);
  throw new Refusal({
    code: "SERIN_STALE",
    what: `${kind} of ${state.group} was decided on version ${expected}; it is at ${state.version} now`,
    found: since.join("; ") || "a later decision",
    next: `look again with: serin get ${state.group}`,
    exitCode: 1,
  });
}
