// Does every rollout meet the gates that others ask for?
import { expect, test } from "vitest";
import { all } from "../split.ts";
import { withApprovals } from "./last-gate.ts";
import type { Step } from "./step.ts";

const toAll: Step = { op: "route", weights: all("canary") };
const asked = { op: "gate", what: "shall everybody get it?", approvals: 2 };

test("nothing changes where nobody asks for approvals", () => {
  const steps: readonly Step[] = [toAll, { op: "promote" }];
  expect(withApprovals(steps, {})).toBe(steps);
});

test("a gate for a person asks for as many as are asked for, or more", () => {
  const gates: readonly Step[] = [
    { op: "gate", what: "look" },
    { op: "gate", what: "look well", approvals: 3 },
  ];
  expect(withApprovals([...gates, toAll], { approvals: 2 })).toEqual([
    { op: "gate", what: "look", approvals: 2 },
    { op: "gate", what: "look well", approvals: 3 },
    toAll,
  ]);
});

test("where no person is asked before everybody gets it, one is", () => {
  const clock: Step = { op: "gate", what: "its hours", by: { kind: "hours", hours: [] } };
  const group: Step = { op: "gate", what: "release shop" };
  const late: Step = { op: "gate", what: "look" };
  expect(withApprovals([clock, group, toAll, late], { approvals: 2, lastGate: "release shop" })).toEqual([
    clock,
    group,
    asked,
    toAll,
    { ...late, approvals: 2 },
  ]);
  const replaced: readonly Step[] = [{ op: "retire", role: "stable" }, toAll];
  expect(withApprovals(replaced, { approvals: 2 })).toEqual([asked, ...replaced]);
});
