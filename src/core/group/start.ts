// How is a member told to start?
import { underWay } from "../engine/state.ts";
import type { GroupTurn } from "./turn.ts";
import type { Target } from "./state.ts";

/** Its turn has come. */
export function begin(turn: GroupTurn, service: string): void {
  const member = turn.member(service);
  turn.setProgress(service, { askedAfter: member?.rollouts ?? 0, refused: undefined });
}

/** Asks a member that has not started yet; one that is busy with something else is waited for. */
export function askToStart(turn: GroupTurn, service: string): void {
  const { target, again } = turn.progress(service);
  const member = turn.member(service);
  if (member && underWay(member)) return;
  const last = member?.rollout;
  const isAgain = again && last?.candidate === target.revision.id && last.outcome !== "promoted";
  if (isAgain) return turn.ask(service, "retry", {});
  return askFor(turn, service, target);
}

export function askFor(turn: GroupTurn, service: string, { rivals, ...target }: Target): void {
  turn.ask(service, "apply", { ...target, ...(rivals && { rivals }) });
}

/** Codes of refusals that pass by themselves: somebody else was quicker, or is not done yet. */
const PASSING: ReadonlySet<string> = new Set(["SERIN_STALE", "SERIN_BUSY", "SERIN_UNDER_WAY", "SERIN_LETS_GO"]);

/** Takes in what members would not do. */
export function takeRefusals(turn: GroupTurn): void {
  for (const { service, kind, code, what } of turn.input.refused) {
    const progress = turn.state.members[service];
    if (!progress || PASSING.has(code) || (kind !== "apply" && kind !== "retry")) continue;
    if (progress.askedAfter === undefined || progress.refused === what) continue;
    turn.setProgress(service, { refused: what });
  }
}

/** Writes down how far members have come since the last look. */
export function recordStandings(turn: GroupTurn, names: Readonly<Record<string, string>>): void {
  for (const [service, name] of Object.entries(names)) {
    const { standing } = turn.progress(service);
    const now = turn.standing(service);
    if (now.at === standing) continue;
    turn.setProgress(service, { standing: now.at });
    // Words of the moment, such as what a canary waits for, are not what this is about.
    const why = now.why && now.at !== "under-way" ? `: ${now.why}` : "";
    if (now.at !== "waiting") turn.record("step", `${name} ${WORDS[now.at]}${why}`);
  }
}

const WORDS = {
  waiting: "waits",
  starting: "starts",
  "under-way": "is under way",
  gate: "stands at its last gate",
  promoted: "is promoted",
  "going-back": "goes back",
  "rolled-back": "was rolled back",
  stopped: "was stopped",
  undone: "was taken back",
  refused: "cannot start",
} as const;
