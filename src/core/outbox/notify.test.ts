import { expect, test } from "vitest";
import { ms, weight, type Ms } from "../units.ts";
import type { NotifySpec } from "./message.ts";
import type { NotifyState } from "./notify-state.ts";
import { eventOf, nextNotificationMs, notificationsOf, type NotifiedRecord } from "./notify.ts";

const T0 = 1_700_000_000_000;
const at = (seconds: number): Ms => ms(T0 + seconds * 1_000);

const TEAM: NotifySpec = {
  name: "team",
  target: { kind: "http", url: "http://x", method: "POST", headers: {} },
  severity: "info",
  perMinute: 3,
};

function record(version: number, more: Partial<NotifiedRecord> = {}): NotifiedRecord {
  return { kind: "step", text: `step ${version}`, version, rollout: 2, ...more };
}

function notified(
  records: readonly NotifiedRecord[],
  more: { notify?: readonly NotifySpec[]; sent?: NotifyState; nowMs?: Ms } = {},
) {
  return notificationsOf({
    service: "shop",
    origin: "/home/shop",
    notify: [TEAM],
    sent: {},
    nowMs: at(0),
    records,
    ...more,
  });
}

const textsOf = (result: ReturnType<typeof notificationsOf>) => result.messages.map(({ payload }) => payload["text"]);

test.each<[Partial<NotifiedRecord>, string, string]>([
  [{ kind: "started" }, "started", "info"],
  [{ kind: "step" }, "step", "info"],
  [{ kind: "verdict" }, "verdict", "info"],
  [{ kind: "verdict", verdict: { kind: "worse", text: "" } }, "verdict", "error"],
  [{ kind: "verdict", verdict: { kind: "worse", text: "", suspended: "both" } }, "verdict", "warning"],
  [{ kind: "command" }, "command", "info"],
  [{ kind: "note" }, "waiting", "warning"],
  [{ kind: "back" }, "rolled-back", "error"],
  [{ kind: "back", outcome: "stopped" }, "stopped", "warning"],
  [{ kind: "ended", outcome: "rolled-back" }, "rolled-back", "error"],
  [{ kind: "ended", outcome: "promoted" }, "promoted", "info"],
  [{ kind: "ended", outcome: "concluded" }, "concluded", "info"],
  [{ kind: "hook" }, "hook", "info"],
  [{ kind: "hook", run: { ok: false } }, "hook", "warning"],
  [{ kind: "queued" }, "queued", "info"],
])("%j is %s, %s", (more, event, severity) => {
  expect(eventOf(record(1, more))).toEqual({ event, severity });
});

test("a message is named by service, version and receiver, whenever it is made", () => {
  const { messages } = notified([record(7)]);
  expect(messages).toMatchObject([
    { id: "shop/7/team", name: "team", purpose: "notification", failed: 0, dueMs: at(0) },
  ]);
  expect(notified([record(7)], { nowMs: at(9) }).messages[0]?.id).toBe("shop/7/team");
});

test("what is known of the rollout is in the payload", () => {
  const { messages } = notificationsOf({
    service: "shop",
    origin: "/home/shop",
    notify: [TEAM],
    records: [record(7, { kind: "ended", outcome: "promoted", text: "shop/2 promoted" })],
    nowMs: at(0),
    sent: {},
    about: { candidate: "r-2", stable: "r-1", phase: "ended", outcome: "promoted", share: weight(1_000_000) },
  });
  expect(messages[0]?.payload).toMatchObject({
    name: "shop",
    phase: "Succeeded",
    checksum: "r-2",
    stable: "r-1",
    share: "100%",
    event: "promoted",
    severity: "info",
    id: "shop/7/team",
    text: "shop/2 promoted",
  });
});

test("who asked for it, and why, is said", () => {
  const paused = record(7, { kind: "command", text: "paused", actor: "ana", reason: "lunch" });
  expect(textsOf(notified([paused]))).toEqual(["shop/2: paused (ana: lunch)"]);
});

test("a text of one's own", () => {
  const notify = [{ ...TEAM, text: "{{service}} {{event}}: {{text}}" }];
  expect(textsOf(notified([record(7)], { notify }))).toEqual(["shop step: step 7"]);
});

test("only events of that severity, and of those kinds", () => {
  const all = [record(1), record(2, { kind: "note" }), record(3, { kind: "back" }), record(4, { kind: "verdict" })];
  const ids = (spec: Partial<NotifySpec>) =>
    notified(all, { notify: [{ ...TEAM, ...spec }] }).messages.map(({ payload }) => payload["event"]);
  expect(ids({ severity: "warning" })).toEqual(["waiting", "rolled-back"]);
  expect(ids({ severity: "error" })).toEqual(["rolled-back"]);
  expect(ids({ events: ["step", "waiting"] })).toEqual(["step", "waiting"]);
  expect(ids({ events: ["step"], severity: "error" })).toEqual([]);
});

test("what is over the limit is told in one message when the minute is over, once", () => {
  const first = notified([1, 2, 3, 4].map((version) => record(version)));
  expect(textsOf(first)).toEqual(["shop/2: step 1", "shop/2: step 2", "shop/2: step 3"]);
  const second = notified([record(5), record(6, { kind: "back", text: "it fails" }), record(7)], {
    sent: first.sent,
    nowMs: at(30),
  });
  expect(second.messages).toEqual([]);
  expect(nextNotificationMs(second.sent)).toBe(at(60));

  const quiet = notified([], { sent: second.sent, nowMs: at(59.9) });
  expect(quiet.sent).toBe(second.sent);
  const third = notified([], { sent: second.sent, nowMs: at(60) });
  expect(third.messages).toMatchObject([
    {
      id: "shop/7/team/more",
      payload: {
        text: "shop/2: 4 more: step 4; step 5; it fails; step 7",
        event: "rolled-back",
        severity: "error",
        rollout: 2,
      },
    },
  ]);
  expect(nextNotificationMs(third.sent)).toBeUndefined();
  expect(notified([], { sent: third.sent, nowMs: at(61) }).messages).toEqual([]);
  // The message that told them counts in the new minute.
  expect(
    notified(
      [8, 9, 10].map((version) => record(version)),
      { sent: third.sent, nowMs: at(61) },
    ).messages,
  ).toHaveLength(2);
});

test("however much is over the limit, little is kept, and the count is right", () => {
  const many = Array.from({ length: 5_003 }, (_, index) => record(index, { text: "x".repeat(2_000) }));
  const { messages, sent } = notified(many);
  expect(messages).toHaveLength(3);
  expect(JSON.stringify(sent).length).toBeLessThan(3_000);
  const [text] = textsOf(notified([], { sent, nowMs: at(61) }));
  expect(text).toMatch(/^shop\/2: 5000 more, the last 5: x/u);
});

test("that a receiver could not be told is told to nobody: it would go on for ever", () => {
  const { messages, sent } = notified([record(1, { kind: "note", text: "team could not be told", untold: true })]);
  expect([messages, sent]).toEqual([[], {}]);
});

test("each receiver has a limit of its own", () => {
  const notify = [TEAM, { ...TEAM, name: "other", perMinute: 1 }];
  const { messages } = notified([record(1), record(2)], { notify });
  expect(messages.map(({ id }) => id)).toEqual(["shop/1/team", "shop/2/team", "shop/1/other"]);
});

test("nothing new is the same state, and a receiver that is gone is forgotten", () => {
  const { sent } = notified([record(1)]);
  expect(notified([], { sent, nowMs: at(1) }).sent).toBe(sent);
  expect(notified([], { sent, notify: [] }).sent).toEqual({});
  const empty = {};
  expect(notified([], { sent: empty }).sent).toBe(empty);
});

test("a clock that was set back neither blocks nor loses what waits", () => {
  const { sent } = notified([1, 2, 3, 4].map((version) => record(version)));
  const back = notified([record(5)], { sent, nowMs: at(-3_600) });
  expect(textsOf(back)).toEqual(["shop/2: 1 more: step 4", "shop/2: step 5"]);
});
