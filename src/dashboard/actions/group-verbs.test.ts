// What is offered of a release and a façade, and what is said to happen to the traffic?
import { expect, test } from "vitest";
import type { GroupView, MemberView } from "../../api/contract.ts";
import { ms } from "../../core/units.ts";
import { groupVerbs } from "./group-verbs.ts";

const member = (name: string, at: MemberView["at"], text: string = at): MemberView => ({
  service: name,
  name,
  at,
  text,
});

const view = (group: string, more: Partial<GroupView> = {}): GroupView => ({
  group,
  version: 3,
  nowMs: ms(1_000),
  number: 1,
  phase: "forward",
  startedMs: ms(0),
  members: [member("cart", "under-way", "canary 20%"), member("shop", "waiting")],
  next: [],
  history: [],
  recent: [],
  troubles: {},
  ...more,
});

const labels = (of: GroupView): string[] =>
  groupVerbs(of).map(({ label, not }) => (not === undefined ? label : `(${label})`));
const does = (of: GroupView, label: string): string =>
  groupVerbs(of)
    .find((verb) => verb.label === label)
    ?.does.join(" ") ?? "";

test("a release can be stopped at any time, and let on while a wave is watched", () => {
  const release = view("release/all");
  expect(labels(release)).toEqual(["(Go on)", "Pause", "Abort", "Forget"]);
  expect(labels({ ...release, bakesSinceMs: ms(5) })[0]).toBe("Go on");
  expect(does(release, "Pause")).toContain("cart canary 20%");
  expect(does(release, "Abort")).toContain("cart: the canary goes to 0% of the requests within 30 s");
  expect(labels({ ...release, phase: "back" })).toEqual(["(Go on)", "(Pause)", "(Abort)", "Forget"]);
  expect(labels({ ...release, paused: { by: "ann", reason: "", atMs: ms(0) } })[1]).toBe("Resume");
});

test("one that holds is tried again or taken back, and one that has ended is undone or tried again", () => {
  const release = view("release/all");
  expect(labels({ ...release, phase: "held" })).toEqual(["Retry", "Abort", "Forget"]);
  expect(labels({ ...release, phase: "ended", outcome: "promoted" })).toEqual(["Undo", "Forget"]);
  expect(labels({ ...release, phase: "ended", outcome: "rolled-back" })).toEqual(["Retry", "Forget"]);
});

test("a façade's route that stands in the way is tried again or left with legacy", () => {
  const facade = view("facade/shop");
  expect(labels(facade)).toEqual(["Pause", "Abort", "Take down"]);
  const stuck = { ...facade, stuck: "cart", members: [member("cart", "rolled-back"), member("shop", "waiting")] };
  expect(labels(stuck)).toEqual(["Retry", "Leave it with legacy", "Pause", "(Abort)", "Take down"]);
  expect(does(stuck, "Leave it with legacy")).toContain("go on going to legacy");
  expect(does(facade, "Take down")).toContain("those for legacy included");
});
