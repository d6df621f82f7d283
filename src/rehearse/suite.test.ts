// Does trouble come while the rollout is under way, on top of what the service has anyway?
import { expect, test } from "vitest";
import type { Program } from "../core/plan/step.ts";
import { ms } from "../core/units.ts";
import { readLines } from "./language.ts";
import { ASSUMED, suiteFor } from "./suite.ts";

const lasting = (forMs: number): Pick<Program, "steps"> => ({ steps: [{ op: "hold", durationMs: ms(forMs) }] });
const linesOf = (name: string, forMs: number): string | undefined =>
  suiteFor(ASSUMED, lasting(forMs)).find((play) => play.name === name)?.lines;

test("every scenario can be read, whatever the traffic", () => {
  for (const perSecond of [0.0004, 0.5, 1 / 3, 12_345.678_9])
    for (const errors of [0, 1e-9, 0.1234567, 0.999, 1])
      for (const { lines } of suiteFor({ perSecond, errors }, lasting(60_000)))
        expect(() => readLines(lines), lines).not.toThrow();
});

test("errors are beyond those that are there anyway", () => {
  expect(linesOf("errors-1", 60_000)).toBe("load 200/s; everything errors 0.1%; canary errors 1.1%");
});

test("a short rollout meets its trouble, too, and a long one not later than a minute", () => {
  expect(linesOf("outage", 500)).toMatch(/at 2s outage of everything for 2s errors 30%$/u);
  expect(linesOf("outage", 45_000)).toMatch(/at 15s outage of everything for 15s/u);
  expect(linesOf("metrics-gone", 3_600_000)).toMatch(/at 1m metrics gone for 5m$/u);
  expect(linesOf("crashes", 3_600_000)).toMatch(/canary crashes after 20s$/u);
});
