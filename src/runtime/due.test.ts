// Is the lag counted from when a look was due, and to when it was decided?
import { expect, test } from "vitest";
import { Due } from "./due.ts";

test("from the earliest moment that it was due to the decision; the pass goes on after it", () => {
  const due = new Due();
  due.by(1_000);
  due.by(900);
  due.by(1_100);
  due.begin(950);
  due.decided(970);
  expect(due.end(1_000)).toEqual({ tookMs: 50, lagMs: 70 });
});

test("what comes due during a pass is counted for the next one", () => {
  const due = new Due();
  due.begin(100);
  due.by(110);
  due.decided(150);
  expect(due.end(160)).toEqual({ tookMs: 60, lagMs: 50 });
  due.by(1_160);
  due.begin(170);
  due.decided(175);
  expect(due.end(180)).toEqual({ tookMs: 10, lagMs: 65 });
});

test("a look that comes before it was due has no lag but its own, and one without a decision none at all", () => {
  const due = new Due();
  due.by(1_000);
  due.begin(500);
  due.decided(510);
  expect(due.end(520)).toEqual({ tookMs: 20, lagMs: 10 });
  due.begin(600);
  expect(due.end(650)).toEqual({ tookMs: 50 });
});
