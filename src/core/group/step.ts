// Given how far the members are, what next, and why?
import { obeyGroup, passOnPause } from "./commands.ts";
import { stepFacade } from "./facade.ts";
import type { GroupDecision, GroupInput } from "./input.ts";
import { stepRelease } from "./release.ts";
import { takeRefusals } from "./start.ts";
import type { GroupState } from "./state.ts";
import { GroupTurn } from "./turn.ts";

/**
 * One decision on a group. Pure: the same state and input give the same answer, and nothing is called. What it asks of
 * members may be asked again after a crash: a member that has done it is recognised from its state.
 */
export function stepGroup(state: GroupState, input: GroupInput): GroupDecision {
  const turn = new GroupTurn(state, input);
  takeRefusals(turn);
  const answers = input.commands.map((command) => obeyGroup(turn, command));
  if (turn.state.run) {
    const { plan } = turn.state;
    if (plan.kind === "facade") stepFacade(turn, plan);
    else if (turn.run.phase !== "ended") stepRelease(turn, plan);
    passOnPause(turn);
    takeDown(turn);
  }
  return { state: turn.state, records: turn.records, answers, asks: turn.asks };
}

/** Members of an earlier file, until they are gone. */
function takeDown(turn: GroupTurn): void {
  const left = turn.state.leaving.filter((service) => turn.member(service) !== undefined);
  if (left.length < turn.state.leaving.length) turn.set({ leaving: left });
  turn.asks.push(...left.map((service) => ({ service })));
}
