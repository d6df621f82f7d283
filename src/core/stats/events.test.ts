// Are events counted as the test of two arms counts rare failures?
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginEventJudgement,
  type EventCounts,
  eventReport,
  type EventRule,
  type EventState,
  lookAtEvents,
  startEvents,
} from "./events.ts";
import { advance, evidenceOf, startLogs } from "./two-by-two.ts";

const RULE: EventRule = { rho: 1 };

type EventLook = EventCounts & { readonly durationMs: number };

/** A minute with this share of the exposure on the canary. */
const lookOf = (share: number, canary: number, baseline = 0): EventLook => ({
  canary,
  baseline,
  canaryExposure: 1_000 * share,
  baselineExposure: 1_000 * (1 - share),
  durationMs: 60_000,
});

const after = (rule: EventRule, looks: readonly EventLook[]): EventState =>
  looks.reduce<EventState>((state, look) => lookAtEvents(rule, state, look), startEvents());

describe("what it says", () => {
  test.each([
    [0.05, 3, 2],
    [0.1, 3, 2],
    [0.2, 4, 3],
    [0.5, 9, 6],
  ])("at a share of %d, %d events show it at 1 %, %d at 5 %, with none of the baseline", (share, one, five) => {
    const state = after(RULE, [lookOf(share, 0)]);
    expect(eventReport(RULE, state).eventsNeeded).toBe(one);
    expect(eventReport({ ...RULE, alpha: 0.05 }, state).eventsNeeded).toBe(five);
    const looks = Array.from({ length: one }, () => lookOf(share, 1));
    expect(eventReport(RULE, after(RULE, looks)).logBad).toBeGreaterThanOrEqual(Math.log(100));
    expect(eventReport(RULE, after(RULE, looks.slice(1))).logBad).toBeLessThan(Math.log(100));
  });

  test("it is the limit of the test of two arms, for rare failures", () => {
    const grid = { ratios: [1.5, 2, 3, 5, 10, 30, 200], logPrior: Array.from({ length: 7 }, () => -Math.log(7)) };
    const margin = { rho: 2, delta: 0 };
    const counts = { canaryN: 3e7, canaryX: 7, baselineN: 9e7, baselineX: 4 };
    const exact = advance(startLogs(grid), counts, { grid, margin, baseline: 1e-7, phi: 1 });
    const look = { canary: 7, baseline: 4, canaryExposure: 3, baselineExposure: 9, durationMs: 1 };
    const { logBad } = eventReport({ rho: 2 }, lookAtEvents({ rho: 2 }, startEvents(), look));
    expect(Math.exp(logBad)).toBeCloseTo(0.1 + 0.9 * Math.exp(evidenceOf(exact, grid)), 2);
  });

  test("rates per hour of a replica, or per request", () => {
    const state = after(RULE, [lookOf(0.25, 1, 6)]);
    expect(eventReport(RULE, state)).toMatchObject({ canary: 1, baseline: 6 });
    expect(eventReport(RULE, state).canaryPerHour).toBeCloseTo(3_600 / 250, 9);
    expect(eventReport(RULE, state).baselinePerHour).toBeCloseTo((6 * 3_600) / 750, 9);
    expect(eventReport({ ...RULE, exposure: "requests" }, state).canaryPerHour).toBeCloseTo(1 / 250, 9);
  });

  test("no worse is shown by a baseline with events and a canary with fewer, in this judgement", () => {
    const rule = { rho: 2 };
    const state = after(rule, [lookOf(0.5, 3, 20), lookOf(0.5, 2, 20)]);
    expect(eventReport(rule, state).logGo).toBeGreaterThan(Math.log(20));
    expect(eventReport(rule, state).logBad).toBeLessThan(0);
    expect(eventReport(rule, beginEventJudgement(state)).logGo).toBeCloseTo(0, 12);
    expect(eventReport({ rho: 0.1 }, after({ rho: 0.1 }, [lookOf(0.5, 20, 20)])).logGo).toBeLessThan(0);
  });

  test("nothing happened: nothing is said, and nothing is lost", () => {
    const report = eventReport(
      RULE,
      after(
        RULE,
        Array.from({ length: 500 }, () => lookOf(0.1, 0)),
      ),
    );
    expect(report.logBad).toBeCloseTo(0, 9);
    expect(report.logGo).toBeCloseTo(0, 9);
    expect(report.eventsNeeded).toBe(3);
    expect(eventReport(RULE, startEvents())).toMatchObject({ canaryPerHour: undefined, eventsNeeded: undefined });
  });

  test("a burst counts less where bursts are usual", () => {
    const calm = { ...RULE, bursts: true };
    const burst = [...Array.from({ length: 60 }, () => lookOf(0.1, 0)), lookOf(0.1, 5)];
    expect(eventReport(calm, after(calm, burst)).logBad).toBeLessThan(
      0.6 * eventReport(RULE, after(RULE, burst)).logBad,
    );
    const usual = burst.map((look, index) => (index % 10 === 0 ? { ...look, baseline: 8 } : look));
    expect(eventReport(calm, after(calm, usual)).logBad).toBeLessThan(eventReport(calm, after(calm, burst)).logBad);
  });
});

const size = fc.integer({ min: 0, max: 20 });
const looks = fc.array(fc.tuple(fc.double({ min: 0.01, max: 0.9, noNaN: true }), size, size), { maxLength: 10 });

describe("properties", () => {
  test("one more event of the canary is more evidence of harm, and less of none; of the baseline, the other way", () => {
    fc.assert(
      fc.property(looks, fc.double({ min: 0.5, max: 3, noNaN: true }), fc.boolean(), (all, rho, ofCanary) => {
        const before = after(
          { rho },
          all.map(([share, canary, baseline]) => lookOf(share, canary, baseline)),
        );
        const [here, there] = [0, 1].map((more) =>
          eventReport(
            { rho },
            lookAtEvents({ rho }, before, lookOf(0.3, 2 + (ofCanary ? more : 0), 2 + (ofCanary ? 0 : more))),
          ),
        );
        const sign = ofCanary ? 1 : -1;
        expect(sign * ((there?.logBad ?? NaN) - (here?.logBad ?? NaN))).toBeGreaterThanOrEqual(-1e-9);
        expect(sign * ((there?.logGo ?? NaN) - (here?.logGo ?? NaN))).toBeLessThanOrEqual(1e-9);
      }),
    );
  });

  test("it does not matter in how many looks the same events are seen, but for the money put in over time", () => {
    const parts = [lookOf(0.2, 1, 2), lookOf(0.2, 3, 0), lookOf(0.2, 0, 1)];
    const whole = { canary: 4, baseline: 3, canaryExposure: 600, baselineExposure: 2_400, durationMs: 180_000 };
    const [split, once] = [after(RULE, parts), after(RULE, [whole])];
    expect(split.go.map((log, j) => log - (once.go[j] ?? NaN)).every((gap) => Math.abs(gap) < 1e-9)).toBe(true);
    expect(Math.abs(eventReport(RULE, split).logBad - eventReport(RULE, once).logBad)).toBeLessThan(0.1);
  });

  test("everything stays finite and survives JSON", () => {
    fc.assert(
      fc.property(looks, fc.boolean(), (all, bursts) => {
        const rule = { rho: 1.5, bursts };
        const state = after(
          rule,
          all.map(([share, canary, baseline]) => lookOf(share, canary * 1e6, baseline * 1e6)),
        );
        const report = eventReport(rule, state);
        expect(Number.isFinite(report.logBad) && Number.isFinite(report.logGo)).toBe(true);
        expect(eventReport(rule, JSON.parse(JSON.stringify(state)) as EventState)).toEqual(report);
      }),
    );
  });
});

describe("robustness", () => {
  const look = lookOf(0.5, 1, 1);

  test("a clock that stood still changes nothing", () => {
    const state = startEvents();
    expect(lookAtEvents(RULE, state, { ...look, durationMs: 0 })).toBe(state);
  });

  test("events of one arm while the other does not run are only counted", () => {
    const alone = { ...look, baseline: 0, baselineExposure: 0, canary: 9 };
    const report = eventReport(RULE, after(RULE, [alone]));
    expect(report).toMatchObject({ canary: 9, baseline: 0 });
    expect(report.logBad).toBeCloseTo(0, 12);
  });

  test.each([
    [{ ...look, canary: -1 }, "lookAtEvents: events of the canary is negative: -1"],
    [{ ...look, baseline: NaN }, "lookAtEvents: events of the baseline is NaN"],
    [{ ...look, canaryExposure: Infinity }, "lookAtEvents: exposure of the canary is Infinity"],
    [{ ...look, baselineExposure: 0 }, "lookAtEvents: 1 events of the baseline in no exposure"],
    [{ ...look, durationMs: NaN }, "lookAtEvents: duration is NaN"],
  ])("what can't be counted with is refused by name: %#", (odd, message) => {
    expect(() => lookAtEvents(RULE, startEvents(), odd)).toThrow(new RangeError(message));
  });
});
