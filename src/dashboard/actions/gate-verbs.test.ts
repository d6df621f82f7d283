// Whose word counts at a gate, and what is said to follow from it?
import { expect, test } from "vitest";
import type { RolloutView, ServiceView } from "../../api/contract.ts";
import { ms, weightOf } from "../../core/units.ts";
import { viewOfNothing } from "../../../test/support/view.ts";
import { gateVerbs } from "./gate-verbs.ts";
import { verbsOf } from "./verbs.ts";

function at(gate: RolloutView["gate"], more: Partial<RolloutView> = {}): ServiceView {
  return viewOfNothing("shop", {
    stable: "aaaa",
    wanted: { canary: weightOf(0.2), stable: weightOf(0.8) },
    rollout: {
      number: 2,
      strategy: "canary",
      candidate: "bbbb",
      replaces: "aaaa",
      phase: "forward",
      steps: ["Send 20% to the canary.", "Wait.", "Send 50% to the canary."],
      cursor: 1,
      startedMs: ms(0),
      stepSinceMs: ms(0),
      waiting: { for: "person", text: "" },
      gate,
      ...more,
    },
  });
}

const GATE = { what: "look", needed: 2, approvals: [], startedBy: "ann" };
const approve = (view: ServiceView, actor: string) => gateVerbs(view, actor).find(({ kind }) => kind === "promote");

test("one of two changes nothing yet, and the last one opens it", () => {
  expect(approve(at(GATE), "ben")?.does).toEqual([
    "With yours it has 1 of 2 approvals: 1 more is needed before anything changes.",
    "The canary goes on getting 20% of the requests, and stable the rest.",
  ]);
  const last = approve(at({ ...GATE, approvals: ["ben"] }), "cleo");
  expect(last?.does[0]).toBe("The gate opens. Then: Send 50% to the canary.");
  expect(last?.not).toBeUndefined();
});

test("the word of whoever has started it does not count, nor a second one", () => {
  expect(approve(at(GATE), "ann")?.not).toMatch(/^you have started it/u);
  expect(approve(at({ ...GATE, approvals: ["ben"] }), "ben")?.not).toMatch(/^you have approved it already/u);
  // A gate that does not ask for others may be opened by anybody.
  expect(approve(at({ ...GATE, needed: undefined }), "ann")?.not).toBeUndefined();
  const paused = { by: "ann", reason: "", atMs: ms(0) };
  expect(approve(at(GATE, { paused }), "ben")?.not).toBe("it is paused");
});

test("to refuse is to abort, and the other buttons leave the answer to the gate", () => {
  const [, refuse] = gateVerbs(at(GATE), "ann");
  expect(refuse).toMatchObject({ kind: "abort", label: "Refuse", isGrave: true });
  expect(refuse?.does[0]).toContain("from 20% to 0% of the requests within 30 s");
  const labels = (of: ServiceView) => verbsOf(of).map(({ label, not }) => (not === undefined ? label : `(${label})`));
  expect(labels(at(GATE))).toEqual(["Pause", "Abort", "(Promote at once)"]);
  expect(labels(at({ ...GATE, needed: undefined }))).toEqual(["Pause", "Abort", "Promote at once"]);
  expect(gateVerbs(at(undefined), "ben")).toEqual([]);
});
