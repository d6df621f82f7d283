// Given what is remembered and what is seen, what next, and why?
import { all } from "../split.ts";
import { obey, obeyQueued } from "./commands.ts";
import { advance } from "./forward.ts";
import { takeEvidence } from "./evidence.ts";
import { takeComparison } from "./compare.ts";
import { takeTest } from "./ab-test.ts";
import { guard } from "./guard.ts";
import type { Command, Decision, Input } from "./input.ts";
import { checkInvariants } from "./invariants.ts";
import type { ServiceState } from "./state.ts";
import { takeDeliveries } from "./hooks.ts";
import { Turn } from "./turn.ts";
import { notify } from "./notify.ts";
import { stepBack } from "./way-back.ts";

/**
 * One decision. Pure: the same state and input give the same answer, and nothing is called. Throws
 * InvariantBroken, and decides nothing, when what follows would break an invariant.
 */
export function decide(state: ServiceState, input: Input): Decision {
  const turn = new Turn(state, input);
  takeDeliveries(turn);
  takeTest(turn);
  takeComparison(turn);
  const answers = input.commands.map((command) => obey(turn, command));
  takeEvidence(turn);
  if (turn.state.rollout?.phase === "forward") guard(turn);
  if (turn.state.rollout?.phase === "forward") advance(turn);
  if (turn.state.rollout?.phase === "back") stepBack(turn);
  obeyQueued(turn);
  notify(turn, state);
  checkInvariants(state, turn);
  return { state: turn.state, records: turn.records, answers };
}

/** A service of which nothing is known but the file that names it. */
export function newService(command: Extract<Command, { kind: "apply" }>): ServiceState {
  return {
    service: command.spec.metadata.name,
    version: 0,
    spec: command.spec,
    origin: command.origin,
    abilities: command.abilities,
    revisions: {},
    pools: [],
    split: { weights: all("stable") },
    rollouts: 0,
    history: [],
    quarantine: [],
    recent: [],
  };
}
