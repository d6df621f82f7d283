// What is offered, and what is said to happen to the traffic?
import { expect, test } from "vitest";
import type { RolloutView, ServiceView } from "../../api/contract.ts";
import { ms, weightOf } from "../../core/units.ts";
import { undoTo, verbsOf } from "./verbs.ts";

const rollout: RolloutView = {
  number: 2,
  strategy: "canary",
  candidate: "bbbb",
  replaces: "aaaa",
  phase: "forward",
  steps: ["Send 5% to the canary.", "Judge.", "Send all to the canary."],
  cursor: 1,
  startedMs: ms(0),
  stepSinceMs: ms(0),
  waiting: { for: "evidence", text: "needs more" },
};

const view: ServiceView = {
  service: "shop",
  version: 7,
  nowMs: ms(1_000),
  stable: "aaaa",
  health: "well",
  pools: [{ pool: "shop-1", role: "stable", revision: "aaaa", wanted: 4, ready: 4, restarts: 0 }],
  wanted: { canary: weightOf(0.05), stable: weightOf(0.95) },
  split: { weights: { canary: weightOf(0.05), stable: weightOf(0.95) } },
  rollout,
  history: [{ number: 1, candidate: "0000", outcome: "promoted", why: "", startedMs: ms(0), endedMs: ms(1) }],
  quarantine: [],
  recent: [],
  troubles: {},
};

const labels = (of: ServiceView): string[] =>
  verbsOf(of).map(({ label, not }) => (not === undefined ? label : `(${label})`));

test("a rollout under way can be let on, paused, aborted or promoted", () => {
  expect(labels(view)).toEqual(["Go on", "Pause", "Abort", "Promote at once"]);
});

test("one that goes back is left alone", () => {
  expect(labels({ ...view, rollout: { ...rollout, phase: "back" } })).toEqual([
    "(Go on)",
    "(Pause)",
    "(Abort)",
    "(Promote at once)",
  ]);
});

test("a step that waits for replicas cannot be passed, and a paused rollout is resumed first", () => {
  const waits = { ...rollout, waiting: { for: "replicas", text: "" } } as const;
  expect(labels({ ...view, rollout: waits })[0]).toBe("(Go on)");
  const paused = { ...rollout, paused: { by: "ann", reason: "lunch", atMs: ms(0) } };
  expect(labels({ ...view, rollout: paused })).toEqual(["(Go on)", "Resume", "Abort", "(Promote at once)"]);
});

test("abort says where the traffic goes, and by when", () => {
  const abort = verbsOf(view).find(({ kind }) => kind === "abort");
  expect(abort?.does[0]).toBe(
    "The canary goes from 5% to 0% of the requests within 30 s; aaaa, which is stable, answers all of them.",
  );
});

test("what was rolled back can be tried again, and an earlier revision brought back", () => {
  const ended = { ...view, rollout: { ...rollout, phase: "ended", outcome: "rolled-back" } } as const;
  expect(labels(ended)).toEqual(["Retry", "Undo", "Scale", "Take down"]);
  expect(verbsOf(ended)[1]?.to).toBe("0000");
  expect(undoTo(view, { number: 1, candidate: "0000" }).not).toContain("under way");
  expect(labels({ ...ended, history: [] })).toEqual(["Retry", "(Undo)", "Scale", "Take down"]);
});

test("in a cluster the number of pods is not changed here, and what is adopted goes on serving", () => {
  const last = { ...rollout, phase: "ended", outcome: "promoted" } as const;
  const of = { ...view, service: "shop.prod", namespace: "prod", rollout: last };
  expect(labels(of)).toEqual(["Undo", "Take down"]);
  expect(verbsOf(of).at(-1)?.does[0]).toContain("goes on serving as it is, with aaaa");
});
