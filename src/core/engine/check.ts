// Is what a step asked for there, and what stands in the way?
import { closed, closedText } from "../calendar.ts";
import { isExposed, ROLES, sameSplit, shareOf, type Split, type Weights } from "../split.ts";
import { percent } from "../units.ts";
import { shortOf } from "./capacity.ts";
import { poolOf, type Waiting } from "./state.ts";
import type { Turn } from "./turn.ts";

/** What a look at the step under way says. */
export type Check =
  | { readonly kind: "done"; readonly how: string }
  | { readonly kind: "wait"; readonly waiting: Waiting }
  | { readonly kind: "back"; readonly why: string; readonly outcome: "rolled-back" | "stopped" | "concluded" };

export const done = (how: string): Check => ({ kind: "done", how });
export const wait = (on: Waiting["for"], text: string): Check => ({ kind: "wait", waiting: { for: on, text } });
export const back = (why: string): Check => ({ kind: "back", why, outcome: "rolled-back" });
/** Back for a reason that is not the candidate's: it may be tried again as it is. */
export const stop = (why: string): Check => ({ kind: "back", why, outcome: "stopped" });

/**
 * The router cannot do as asked, however long one waits; that one with other settings follows the split is not enough.
 * Not said of one that served and is gone: its successor may find the port taken only for a moment, and going back
 * would bring nobody an answer.
 */
export function hopelessRouter({ input, state, rollout }: Turn): Check | undefined {
  const { routerTrouble, traffic } = input;
  if (!routerTrouble?.hopeless || routerTrouble.atMs < rollout.startedMs) return undefined;
  if (state.stable && traffic.kind !== "value") return undefined;
  return stop(routerTrouble.why);
}

/** Whether the router reports this split. */
export function reported(turn: Turn, split: Split): boolean {
  const { traffic } = turn.input;
  return traffic.kind === "value" && sameSplit(traffic.value.split, split);
}

/** The router has been asked for the split that is wanted, and does not report it yet. */
export function asked(turn: Turn): Check {
  const { traffic, routerTrouble } = turn.input;
  const now = { value: "reports another split", absent: "is not there", unreadable: "cannot be read" }[traffic.kind];
  const why = routerTrouble?.why ?? (traffic.kind === "unreadable" ? traffic.why : undefined);
  return wait("router", `asked for ${shares(turn.state.split.weights)}; the router ${now}${why ? `: ${why}` : ""}`);
}

/** Whether the step under way has taken longer than anything may take to become ready. */
export function overdue(turn: Turn): boolean {
  return turn.nowMs - turn.rollout.stepSinceMs > turn.rollout.program.progressDeadlineMs;
}

/** Something is wrong that is no reason to go back, and a reason not to go on. A person may. */
export function heldBack({ rollout, state }: Turn): Check | undefined {
  const suspended = isExposed(state.split, "canary") ? rollout.verdict?.suspended : undefined;
  return suspended === undefined ? undefined : wait("evidence", `verdict held back: ${suspended}`);
}

/** Kinds of metrics that are read of replicas besides their requests. */
const SIGNALS: ReadonlySet<string> = new Set(["ratio", "buckets", "gauge", "leak", "events", "anomaly"]);

/** No evidence is never a pass: what to wait for when the canary has not been seen at work. */
export function unseen(turn: Turn): Check | undefined {
  const { program, requestsAtShare, blind } = turn.rollout;
  if (!program.analysis || !isExposed(turn.state.split, "canary")) return undefined;
  if (blind) return wait("evidence", `no evidence can be read: ${blind}`);
  // Where the router counts nothing, what replicas tell is all there is.
  if (!turn.state.abilities.router.evidence) return unread(turn);
  if (requestsAtShare === 0) return wait("evidence", "the canary has not had a request at this share yet");
  return undefined;
}

/** Whether only rules send users to the canary: nobody may be meant by them for a long time. */
export function isRuledOnly({ state: { split } }: Turn): boolean {
  return shareOf(split.weights, "canary") === 0 && split.mirror === undefined;
}

/** What was asked for and has not been read of the canary: no judgement needs that, for it does not pass without it. */
export function unread({ rollout, state }: Turn): Check | undefined {
  if (!isExposed(state.split, "canary")) return undefined;
  const metric = rollout.verdict?.metrics.find(({ kind, canaryRequests }) => SIGNALS.has(kind) && canaryRequests === 0);
  return metric && wait("evidence", `${metric.name} ${metric.missing ?? "has not been read yet"}`);
}

/** What a step asks of the split. */
export type Shares = Pick<Split, "weights" | "matches" | "mirror">;

/** Gives the roles these weights as soon as evidence and ready replicas allow it; then waits for the router. */
export function give(turn: Turn, { weights, matches = [], mirror }: Shares): Check {
  const { program, number, blind } = turn.rollout;
  const { state } = turn;
  const raises = shareOf(weights, "canary") > shareOf(state.split.weights, "canary");
  if (raises && program.analysis && blind) return wait("evidence", `no evidence can be read: ${blind}`);
  const { pools } = turn.input;
  if (pools.kind === "unreadable") return wait("replicas", `what runs cannot be read: ${pools.why}`);
  const short = shortOf(turn, { weights, matches, mirror });
  if (short && overdue(turn)) return back(short);
  if (short) return wait("replicas", short);
  const sticky = program.sticky && { key: program.sticky, salt: `${state.service}/${number}` };
  const before = state.split;
  turn.set({
    split: {
      weights,
      ...(sticky && { sticky }),
      ...(matches.length > 0 && { matches }),
      ...(mirror && { mirror }),
    },
  });
  if (raises || !isExposed(before, "canary")) turn.setRollout({ requestsAtShare: 0, raisedMs: turn.nowMs });
  return asked(turn);
}

/** What the router reports of the weights that were given: done, not yet, or not at all within its time. */
export function taken(turn: Turn, weights: Weights): Check {
  if (reported(turn, turn.state.split)) return done(shares(weights));
  const waits = asked(turn);
  if (!overdue(turn) || waits.kind !== "wait") return waits;
  const more = overfilled(turn);
  if (more)
    return done(
      `${shares(more)} instead of ${shares(weights)}: replicas that were lost are missing, or the candidate's now`,
    );
  return stop(waits.waiting.text);
}

/** What the router reports while the candidate has its places, and stable has fewer than its own, which nobody can keep from it. */
function overfilled(turn: Turn): Weights | undefined {
  const { state, input } = turn;
  const canary = poolOf(state, "canary");
  if (!state.abilities.workload.refills || !canary || turn.ready(canary.pool) < canary.size) return undefined;
  if (input.traffic.kind !== "value") return undefined;
  const { weights } = input.traffic.value.split;
  return shareOf(weights, "canary") > shareOf(state.split.weights, "canary") ? weights : undefined;
}

/** `canary 10%, stable 90%`. */
export function shares(weights: Weights): string {
  const named = ROLES.filter((role) => shareOf(weights, role) > 0);
  return named.map((role) => `${role} ${percent(shareOf(weights, role))}`).join(", ");
}

/** Who asked, and why if that was said. */
export function attributed({ by, reason }: { readonly by: string; readonly reason: string }): string {
  return reason ? `${by}: ${reason}` : by;
}

/** Why the calendar says no. */
export function closedNow({ rollout, nowMs }: Turn): string | undefined {
  const { calendar } = rollout.program;
  const shut = calendar && closed(calendar, nowMs);
  return shut && `${SHUT}${closedText(shut, nowMs)}`;
}

export const SHUT = "goes no further: ";
