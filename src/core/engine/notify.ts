// Who is told of the decisions of this turn?
import { nextNotificationMs, notificationsOf, type NotifiedRecord } from "../outbox/notify.ts";
import { shareOf } from "../split.ts";
import type { ServiceState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** A rollout that begins to wait for a person has decided nothing, and whoever could say something wants to know. */
function waitsForPerson(before: ServiceState, { rollout, version }: ServiceState): readonly NotifiedRecord[] {
  const { waiting } = rollout ?? {};
  const was = before.rollout;
  // Its text has figures, which change from look to look: it waits for one person's word all the same.
  const same =
    was?.number === rollout?.number && was?.cursor === rollout?.cursor && was?.paused?.atMs === rollout?.paused?.atMs;
  if (!rollout || waiting?.for !== "person" || (same && was?.waiting?.for === "person")) return [];
  // Between two decisions, so that it is told under a name of its own.
  return [{ kind: "note", text: waiting.text, version: version + 0.5, rollout: rollout.number }];
}

/** More messages than this wait only when nobody takes them for long: then the oldest notifications are given up. */
const MOST_WAITING = 500;

/** Puts into the outbox what somebody wants to know. A notification never delays anything. */
export function notify(turn: Turn, before: ServiceState): void {
  const { state, nowMs } = turn;
  const wanted = state.spec.spec.notify;
  const sent = state.notified ?? {};
  const isDue = (nextNotificationMs(sent) ?? Infinity) <= nowMs;
  const records = [...turn.records, ...waitsForPerson(before, state)];
  if (wanted.length === 0 || (records.length === 0 && !isDue)) return;
  const { rollout } = state;
  const told = notificationsOf({
    service: state.service,
    origin: state.origin,
    notify: wanted,
    records,
    nowMs,
    sent,
    ended: state.history,
    ...(rollout && {
      about: {
        number: rollout.number,
        candidate: rollout.candidate,
        stable: rollout.stable,
        phase: rollout.phase,
        outcome: rollout.outcome,
        step: rollout.cursor + 1,
        share: shareOf(state.split.weights, "canary"),
        verdict: rollout.verdict?.text,
      },
    }),
  });
  const outbox = [...(state.outbox ?? []), ...told.messages];
  const tooMany = outbox.length - MOST_WAITING;
  let dropped = 0;
  const kept = outbox.filter(({ purpose }) => purpose === "hook" || (dropped += 1) > tooMany);
  turn.set({ outbox: kept, notified: told.sent });
}
