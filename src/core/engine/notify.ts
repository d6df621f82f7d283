// Who is told of the decisions of this turn?
import { nextNotificationMs, notificationsOf } from "../outbox/notify.ts";
import { shareOf } from "../split.ts";
import type { Turn } from "./turn.ts";

/** More messages than this wait only when nobody takes them for long: then the oldest notifications are given up. */
const MOST_WAITING = 500;

/** Puts into the outbox what somebody wants to know. A notification never delays anything. */
export function notify(turn: Turn): void {
  const { state, nowMs } = turn;
  const wanted = state.spec.spec.notify;
  const sent = state.notified ?? {};
  const isDue = (nextNotificationMs(sent) ?? Infinity) <= nowMs;
  if (wanted.length === 0 || (turn.records.length === 0 && !isDue)) return;
  const { rollout } = state;
  const told = notificationsOf({
    service: state.service,
    origin: state.origin,
    notify: wanted,
    records: turn.records,
    nowMs,
    sent,
    ...(rollout && {
      about: {
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
