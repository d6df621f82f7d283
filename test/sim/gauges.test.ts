// How often are gauges, leaks, events, splits and single series wrong, and how soon are they right?
import { describe, expect, test } from "vitest";
import { anomalyReport, point, startAnomaly } from "../../src/core/stats/anomaly.ts";
import {
  type EventReport,
  eventReport,
  type EventRule,
  lookAtEvents,
  startEvents,
} from "../../src/core/stats/events.ts";
import { gaugeReport, type GaugeReport, type GaugeRule, lookAtGauge, startGauge } from "../../src/core/stats/gauge.ts";
import { leakReport, type LeakRule, lookAtLeak, startLeak } from "../../src/core/stats/leak.ts";
import { checkSplit, splitReport, startSplitCheck } from "../../src/core/stats/split-check.ts";
import { type Random, random } from "../../src/rehearse/random.ts";
import { clopperPearson } from "../../src/rehearse/interval.ts";
import { many, quantile, shareLine } from "./rollouts.ts";

const NEEDED = Math.log(100);
const GO_NEEDED = Math.log(20);

/** Upper end of the exact 95 % interval of how often `values` were finite. */
function atMost(values: readonly number[]): number {
  return clopperPearson(values.filter(Number.isFinite).length, values.length)[1];
}

const found = (values: readonly number[]): number => values.filter(Number.isFinite).length / values.length;

function report(name: string, values: readonly number[], unit: string): void {
  const hits = values.filter(Number.isFinite).length;
  const [half, most] = [0.5, 0.9].map((q) => quantile(values, q));
  console.log(`${name}: ${shareLine(hits, values.length)}, median ${half} ${unit}, 90 % within ${most} ${unit}`);
}

/** Looks of 15 s, at what two kinds of replicas show. */
const LOOK_MS = 15_000;
const PER_MINUTE = 4;

interface Fleet {
  /** Replicas of the canary and the baseline. */
  readonly arms: readonly [canary: number, baseline: number];
  /** Standard deviations, relative: between replicas, and of one replica over time. */
  readonly between: number;
  readonly within: number;
  /** Correlation of neighbouring readings of a replica. */
  readonly rho: number;
  /** Times the baseline. */
  readonly factor: number;
  /** When the factor begins. */
  readonly fromMinute: number;
  readonly minutes: number;
}

/** What stats.md measures with: 3 and 9 replicas that differ by 5 %, readings every 15 s that hang together. */
const FLEET: Fleet = { arms: [3, 9], between: 0.05, within: 0.1, rho: 0.9, factor: 1, fromMinute: 0, minutes: 60 };
const GAUGE: GaugeRule = { worse: "up", harm: 0.1, go: 0.2 };

interface GaugeEnd {
  /** Minutes. */
  readonly worse: number;
  readonly noWorse: number;
  readonly missed: boolean;
}

/** Readings of both arms, one look after the other. */
function* readings(fleet: Fleet, chance: Random): Generator<readonly [canary: number[], baseline: number[]]> {
  const count = fleet.arms[0] + fleet.arms[1];
  const level = Array.from({ length: count }, () => chance.lognormal(fleet.between));
  const deviation = level.map(() => chance.normal());
  for (let look = 0; look < fleet.minutes * PER_MINUTE; look++) {
    const factor = look >= fleet.fromMinute * PER_MINUTE ? fleet.factor : 1;
    const values = level.map((value, index) => {
      const next = fleet.rho * (deviation[index] ?? 0) + Math.sqrt(1 - fleet.rho ** 2) * chance.normal();
      deviation[index] = next;
      return Math.max(0, value * (index < fleet.arms[0] ? factor : 1) * (1 + fleet.within * next));
    });
    yield [values.slice(0, fleet.arms[0]), values.slice(fleet.arms[0])];
  }
}

const named = (values: readonly number[]) => values.map((value, index) => ({ replica: String(index), value }));

function missed(seen: GaugeReport, factor: number): boolean {
  return seen.interval !== undefined && (seen.interval[0] > factor - 1 || seen.interval[1] < factor - 1);
}

function gaugeEnd(fleet: Fleet, seed: number): GaugeEnd {
  let state = startGauge();
  let end: GaugeEnd = { worse: Infinity, noWorse: Infinity, missed: false };
  let look = 0;
  for (const [canary, baseline] of readings(fleet, random(seed))) {
    state = lookAtGauge(GAUGE, state, { durationMs: LOOK_MS, canary: named(canary), baseline: named(baseline) });
    if (++look % PER_MINUTE > 0) continue;
    const seen = gaugeReport(GAUGE, state);
    const minute = look / PER_MINUTE;
    end = {
      worse: Math.min(end.worse, seen.logBad >= NEEDED ? minute : Infinity),
      noWorse: Math.min(end.noWorse, seen.logGo >= GO_NEEDED ? minute : Infinity),
      missed: end.missed || missed(seen, fleet.factor),
    };
  }
  return end;
}

const gauges = (fleet: Partial<Fleet>, runs: number): GaugeEnd[] =>
  many(runs, (seed) => gaugeEnd({ ...FLEET, ...fleet }, seed));

describe("gauges, 60 min", () => {
  test("the same version twice is hardly ever called worse; the interval holds", () => {
    const ends = gauges({}, 1_000);
    report(
      "gauge, same version, called worse",
      ends.map((end) => end.worse),
      "min",
    );
    report(
      "gauge, same version, called no worse",
      ends.map((end) => end.noWorse),
      "min",
    );
    const misses = ends.filter((end) => end.missed).length;
    console.log(`gauge, interval missed at some look: ${shareLine(misses, ends.length)}`);
    expect(atMost(ends.map((end) => end.worse))).toBeLessThan(0.01);
    expect(found(ends.map((end) => end.noWorse))).toBeGreaterThan(0.85);
    expect(misses / ends.length).toBeLessThan(0.05);
  });

  test.each([
    ["exactly at the margin of 10 %, replicas alike", { between: 0, factor: 1.1 }, 0.03],
    ["one replica each", { arms: [1, 1] }, 0.02],
    ["one canary replica of four, differing by 10 %", { arms: [1, 3], between: 0.1 }, 0.04],
  ] as const)("%s", (name, fleet, limit) => {
    const worse = gauges(fleet, 400).map((end) => end.worse);
    report(`gauge, ${name}, called worse`, worse, "min");
    expect(found(worse)).toBeLessThan(limit);
  });

  test("a fifth more is seldom called no worse, where that is the margin", () => {
    const ends = gauges({ factor: 1.2 }, 400);
    report(
      "gauge, +20 %, called worse",
      ends.map((end) => end.worse),
      "min",
    );
    report(
      "gauge, +20 %, called no worse",
      ends.map((end) => end.noWorse),
      "min",
    );
    expect(found(ends.map((end) => end.worse))).toBeGreaterThan(0.4);
    expect(atMost(ends.map((end) => end.noWorse))).toBeLessThan(0.05);
  });

  test("half as much again is found", () => {
    const worse = gauges({ factor: 1.5 }, 300).map((end) => end.worse);
    report("gauge, +50 %", worse, "min");
    expect(quantile(worse, 0.5)).toBeLessThanOrEqual(15);
    expect(found(worse)).toBeGreaterThan(0.97);
  });

  test("twice as much from minute 32 on is found", () => {
    const worse = gauges({ factor: 2, fromMinute: 32, minutes: 90 }, 300).map((end) => end.worse);
    report("gauge, +100 % from minute 32 on", worse, "min");
    expect(quantile(worse, 0.5)).toBeLessThan(70);
    expect(found(worse)).toBeGreaterThan(0.9);
  });
});

interface Memory {
  /** Megabytes an hour. */
  readonly leak: number;
  /** Standard deviation of each reading, and of what stays of an hour's wandering. */
  readonly noise: number;
  readonly walk: number;
  readonly hours: number;
}

const LEAK: LeakRule = { marginPerHour: 5 };

/** Minutes until a leak is shown: two canary and four baseline replicas of about 300 MB. */
function leakAfter(memory: Memory, seed: number): number {
  const chance = random(seed);
  const level = Array.from({ length: 6 }, () => 300 * chance.lognormal(0.05));
  let state = startLeak();
  for (let look = 1; look <= 60 * PER_MINUTE * memory.hours; look++) {
    const values = level.map((value, index) => {
      level[index] = value + memory.walk * Math.sqrt(1 / 240) * chance.normal() + (index < 2 ? memory.leak / 240 : 0);
      return Math.max(0, value + memory.noise * chance.normal());
    });
    state = lookAtLeak(LEAK, state, {
      durationMs: LOOK_MS,
      canary: named(values.slice(0, 2)),
      baseline: named(values.slice(2)),
    });
    if (look % PER_MINUTE === 0 && leakReport(LEAK, state).logBad >= NEEDED) return look / PER_MINUTE;
  }
  return Infinity;
}

describe("leaks, a margin of 5 MB an hour", () => {
  test.each([
    ["readings that vary by 5 MB", { leak: 0, noise: 5, walk: 0, hours: 3 }],
    ["memory that wanders by 20 MB an hour", { leak: 0, noise: 1, walk: 20, hours: 3 }],
    ["growth at the margin, wandering by 20 MB an hour", { leak: 5, noise: 0, walk: 20, hours: 3 }],
  ])("none, %s", (name, memory) => {
    const ends = many(300, (seed) => leakAfter(memory, seed));
    report(`no leak, ${name}`, ends, "min");
    expect(atMost(ends)).toBeLessThan(0.025);
    expect(found(ends)).toBeLessThanOrEqual(0.01);
  });

  test.each([
    [20, 160],
    [50, 80],
    [200, 30],
  ])("%d MB an hour is found within %d min (median), where readings vary by 5 MB", (leak, limit) => {
    const ends = many(100, (seed) => leakAfter({ leak, noise: 5, walk: 2, hours: 4 }, seed));
    report(`leak of ${leak} MB an hour`, ends, "min");
    expect(quantile(ends, 0.5)).toBeLessThan(limit);
  });
});

interface Crashes {
  /** Events per replica and hour of the baseline, and how many times that the canary has. */
  readonly perHour: number;
  readonly times: number;
  /** Mean size of a burst. */
  readonly burst: number;
}

/** Minutes until events show it: one canary replica, nine of stable, three hours of looks each minute. */
function eventsAfter(rule: EventRule, crashes: Crashes, seed: number): number {
  const chance = random(seed);
  const draw = (mean: number): number => {
    let events = 0;
    for (let left = chance.poisson(mean / crashes.burst); left > 0; left--) events += chance.geometric(crashes.burst);
    return events;
  };
  let state = startEvents();
  for (let minute = 1; minute <= 180; minute++) {
    const canary = draw((crashes.perHour * crashes.times) / 60);
    const baseline = draw((9 * crashes.perHour) / 60);
    const exposure = { canaryExposure: 60, baselineExposure: 540 };
    state = lookAtEvents(rule, state, { canary, baseline, ...exposure, durationMs: 60_000 });
    const seen: EventReport = eventReport(rule, state);
    if (seen.logBad >= NEEDED) return minute;
  }
  return Infinity;
}

describe("events, three hours, a tenth of the replicas on the canary", () => {
  test.each([
    ["crashes, one every two hours and replica", { rho: 1 }, { perHour: 0.5, times: 1, burst: 1 }],
    ["lines in a log, twenty an hour and replica", { rho: 1, bursts: true }, { perHour: 20, times: 1, burst: 1 }],
    ["lines in a log, in bursts of three", { rho: 1, bursts: true }, { perHour: 20, times: 1, burst: 3 }],
    ["lines in a log, rare, in bursts of three", { rho: 1.5, bursts: true }, { perHour: 2, times: 1, burst: 3 }],
  ])("false alarms: %s", (name, rule, crashes) => {
    const ends = many(1_000, (seed) => eventsAfter(rule, crashes, seed));
    report(`events, same version, ${name}`, ends, "min");
    expect(found(ends)).toBeLessThanOrEqual(0.01);
    expect(atMost(ends)).toBeLessThan(0.02);
  });

  test("ten times as many are found", () => {
    const crashes = many(300, (seed) => eventsAfter({ rho: 1 }, { perHour: 0.5, times: 10, burst: 1 }, seed));
    report("events, 5 crashes an hour against 0.5", crashes, "min");
    expect(quantile(crashes, 0.5)).toBeLessThan(90);
    const lines = { perHour: 20, times: 10, burst: 3 };
    const logs = many(300, (seed) => eventsAfter({ rho: 1, bursts: true }, lines, seed));
    report("events, ten times the log lines, in bursts of three", logs, "min");
    expect(quantile(logs, 0.5)).toBeLessThan(15);
  });
});

/** Looks of 15 s at 200 requests a second until a split of 10 % that is something else is called off. */
function splitAfter(realised: number, looks: number, seed: number): number {
  const chance = random(seed);
  let state = startSplitCheck();
  for (let look = 1; look <= looks; look++) {
    const canary = chance.binomial(3_000, realised);
    state = checkSplit(state, { canary, others: 3_000 - canary, share: 0.1, durationMs: LOOK_MS });
    if (splitReport(state).off) return look;
  }
  return Infinity;
}

test("the split of 10 %, 200 requests a second, half an hour", () => {
  const ends = (factor: number, runs: number): number[] => many(runs, (seed) => splitAfter(0.1 * factor, 120, seed));
  const [same, near] = [ends(1, 2_000), ends(1.02, 1_000)];
  const [tenth, third, half] = [ends(1.1, 200), ends(1.3, 200), ends(0.5, 200)];
  report("split as asked for, called off", same, "looks");
  report("split 2 % off", near, "looks");
  report("split 10 % off", tenth, "looks");
  report("split 30 % off", third, "looks");
  report("split halved", half, "looks");
  expect(found(same)).toBe(0);
  expect(found(near)).toBe(0);
  expect(quantile(tenth, 0.5)).toBeLessThan(40);
  expect(quantile(third, 0.9)).toBeLessThanOrEqual(4);
  expect(quantile(half, 0.9)).toBe(1);
});

/** Minutes until an alarm of a series with neighbours correlated by `rho`, shifted by so many standard deviations. */
function alarmAfter(minutes: number, { rho, shift }: { rho: number; shift: number }, seed: number): number {
  const chance = random(seed);
  const rule = { arl: 10_080, worse: "up" } as const;
  let state = startAnomaly();
  let x = chance.normal();
  for (let minute = shift > 0 ? -300 : 1; minute <= minutes; minute++) {
    x = rho * x + Math.sqrt(1 - rho * rho) * chance.normal();
    state = point(state, 50 + x + (minute > 0 ? shift : 0), 60_000);
    if (minute > 0 && anomalyReport(rule, state).alarm) return minute;
  }
  return Infinity;
}

describe("a single series, a false alarm a week", () => {
  test.each([0, 0.5])("quiet for 4 000 min, neighbours correlated by %d", (rho) => {
    const ends = many(100, (seed) => alarmAfter(4_000, { rho, shift: 0 }, seed));
    report(`single series, correlation ${rho}, alarm within 4 000 min`, ends, "min");
    expect(atMost(ends)).toBeLessThan(4_000 / 10_080);
  });

  test.each([
    [2, 12],
    [4, 5],
  ])("a shift by %d standard deviations is noticed within %d min (median)", (shift, limit) => {
    const ends = many(150, (seed) => alarmAfter(60, { rho: 0, shift }, seed));
    report(`single series, shift by ${shift} sd`, ends, "min");
    expect(quantile(ends, 0.5)).toBeLessThanOrEqual(limit);
  });
});
