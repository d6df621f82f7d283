// Who of a release goes on, and who waits for the others?
import { underWay } from "../engine/state.ts";
import { duration, ms } from "../units.ts";
import { inOrder } from "./order.ts";
import { goBackTogether, stepBackTogether } from "./release-back.ts";
import { isStuck } from "./standing.ts";
import { askToStart, begin, recordStandings } from "./start.ts";
import type { ReleasePlan } from "./state.ts";
import type { GroupTurn } from "./turn.ts";

/** One look at a release that has not ended. */
export function stepRelease(turn: GroupTurn, plan: ReleasePlan): void {
  recordStandings(turn, Object.fromEntries(inOrder(plan).map((name) => [name, name])));
  watch(turn, plan);
  if (turn.run.phase === "back") return stepBackTogether(turn, plan);
  if (turn.run.phase === "forward" && !turn.state.paused) advance(turn, plan);
}

/** A member that goes back, or cannot start, is what becomes of all. */
function watch(turn: GroupTurn, plan: ReleasePlan): void {
  if (turn.run.phase === "back") return;
  const bad = inOrder(plan).find(
    (name) => turn.progress(name).askedAfter !== undefined && isStuck(turn.standing(name)),
  );
  if (bad === undefined) return;
  const { at, why = "" } = turn.standing(bad);
  const text = `${bad} ${at === "refused" ? "cannot start" : "goes back"}${why ? `: ${why}` : ""}`;
  if (plan.onWorse === "takeBack") {
    const hasFailed = turn.member(bad)?.rollout?.back?.outcome === "rolled-back" || at === "rolled-back";
    return goBackTogether(turn, hasFailed ? "rolled-back" : "stopped", text);
  }
  if (turn.run.phase === "held") return;
  turn.setRun({ phase: "held" });
  turn.record("note", `${text}; the others hold where they are, as asked`);
}

function advance(turn: GroupTurn, plan: ReleasePlan): void {
  const wave = plan.waves[turn.run.wave];
  if (!wave) return turn.end("promoted", "every member is promoted");
  const members = inOrder(plan).filter((name) => wave.members.includes(name));
  for (const name of members) startInTurn(turn, plan, name);
  if (plan.promote === "together") passTogether(turn, plan, members);
  bake(turn, members, wave.bakeMs);
}

function startInTurn(turn: GroupTurn, plan: ReleasePlan, name: string): void {
  const isFar = (other: string): boolean => {
    const { at } = turn.standing(other);
    return at === "promoted" || (plan.promote === "together" && at === "gate");
  };
  const isNext = (plan.needs[name] ?? []).every(isFar);
  if (turn.standing(name).at === "waiting" && isNext) begin(turn, name);
  if (turn.standing(name).at === "starting") askToStart(turn, name);
}

/** The joint verdict: all stand at their last gate, and none of them is worse. Then they go through, in order. */
function passTogether(turn: GroupTurn, plan: ReleasePlan, members: readonly string[]): void {
  const standings = members.map((name) => turn.standing(name).at);
  const atGate = members.filter((_name, index) => standings[index] === "gate");
  if (atGate.some((name) => isWorse(turn, name))) return;
  const areAllThere = standings.every((at) => at === "gate" || at === "promoted");
  if (!turn.run.passed && areAllThere && atGate.length > 0) {
    turn.setRun({ passed: true });
    turn.record("verdict", `${atGate.join(", ")} stand at their last gate and none is worse: they go on together`);
  }
  if (!turn.run.passed) return;
  for (const name of atGate) {
    const isNext = (plan.needs[name] ?? []).every((other) => turn.standing(other).at === "promoted");
    if (isNext) turn.ask(name, "promote", { full: false });
  }
}

function isWorse(turn: GroupTurn, name: string): boolean {
  return turn.member(name)?.rollout?.verdict?.kind === "worse";
}

/** All members of the wave are watched for a while before the next one begins. */
function bake(turn: GroupTurn, members: readonly string[], bakeMs: number): void {
  const isDone = members.every((name) => {
    const member = turn.member(name);
    return turn.standing(name).at === "promoted" && member !== undefined && !underWay(member);
  });
  if (!isDone) return;
  const { bakesSinceMs = turn.nowMs, wave } = turn.run;
  if (!turn.run.watched && turn.nowMs - bakesSinceMs < bakeMs) {
    if (turn.run.bakesSinceMs !== undefined) return;
    turn.setRun({ bakesSinceMs });
    return turn.record("step", `${members.join(", ")} promoted; watched for ${duration(ms(bakeMs))}`);
  }
  turn.setRun({ wave: wave + 1, passed: undefined, watched: undefined, bakesSinceMs: undefined });
  const { plan } = turn.state;
  const next = plan.kind === "release" ? plan.waves[wave + 1] : undefined;
  if (!next) return turn.end("promoted", "every member is promoted");
  return turn.record("step", `next: ${next.members.join(", ")}`);
}
