// Does the judge say exactly what Kayenta's says?
//
// classes, shifts, scores, statistics and stages hold the figures of Kayenta's and Orca's own tests, and of the run that a
// user printed in spinnaker/spinnaker issue 6278. answers holds requests with the text that the published algorithm
// answers on the Java virtual machine, with the libraries that Kayenta uses: commons-math3 3.6.1, Scala 2.12.12, Jackson.
import { describe, expect, test } from "vitest";
import { classify, type Settings } from "../../../src/core/stats/kayenta/classify.ts";
import { commonLanguage, meanRatio, statsOf } from "../../../src/core/stats/kayenta/describe.ts";
import { judge } from "../../../src/core/stats/kayenta/judge.ts";
import { inOrder, mannWhitney } from "../../../src/core/stats/kayenta/mann-whitney.ts";
import { readRequest } from "../../../src/core/stats/kayenta/request.ts";
import { resultText } from "../../../src/core/stats/kayenta/result.ts";
import { scoreOf, type Scored } from "../../../src/core/stats/kayenta/score.ts";
import { DEFAULTS } from "../../../src/core/stats/kayenta/settings.ts";
import { percentile, withoutOutliers } from "../../../src/core/stats/kayenta/transform.ts";
import { verdictOfRuns, windowsOf } from "../../../src/core/stats/kayenta/windows.ts";
import answers from "./answers.json" with { type: "json" };
import classes from "./classes.json" with { type: "json" };
import scores from "./scores.json" with { type: "json" };
import shifts from "./shifts.json" with { type: "json" };
import stages from "./stages.json" with { type: "json" };
import statistics from "./statistics.json" with { type: "json" };

const SERIES: Readonly<Record<string, readonly number[]>> = classes.series;

function seriesOf(named: string | readonly number[]): readonly number[] {
  const values = typeof named === "string" ? SERIES[named] : named;
  if (!values) throw new Error(`no series ${String(named)}`);
  return values;
}

/** Whether two numbers are the same, or as near as the source of the figure says. */
function near(found: number | undefined, expected: number, within: number): boolean {
  return found !== undefined && Math.abs(found - expected) <= within;
}

const MINUTE_MS = 60_000;

test.each(answers.answers)("$name", ({ request, answer }) => {
  const read = readRequest(request);
  expect(read.ok && resultText(judge(read.request))).toBe(answer);
});

test.each(classes.cases)("classification: $name", (expected) => {
  const settings: Settings = { ...DEFAULTS, ...(expected.settings as Partial<Settings>) };
  const rule = { tolerance: expected.tolerance, confidence: expected.confidence };
  const sides = { experiment: seriesOf(expected.experiment), control: seriesOf(expected.control) };
  const found = classify({ name: "metric", settings, rule }, sides);
  const { classification, critical = found.critical, reason = found.reason, ratio = found.ratio } = expected;
  expect(found).toEqual({ classification, critical, reason, ratio: ratio === undefined ? undefined : Number(ratio) });
});

test.each(shifts.shifts)("shift: $name", ({ experiment, control, confidence, ...expected }) => {
  const found = mannWhitney(inOrder(seriesOf(experiment)), inOrder(seriesOf(control)), confidence);
  expect(near(found?.low, expected.low, expected.within)).toBe(true);
  expect(near(found?.high, expected.high, expected.within)).toBe(true);
  expect(near(found?.estimate, expected.estimate, expected.estimateWithin ?? expected.within)).toBe(true);
});

test.each(scores.scores)("score: $name", ({ weights, results, score: expected, groups }) => {
  const scored = results.map((result) => ({ ...result, muted: false }) as Scored);
  const given = new Map(Object.entries<number>(weights as Record<string, number>));
  const found = scoreOf(scored, { weights: given, thresholds: { pass: 95, marginal: 75 } });
  expect(found.score.score).toBe(expected);
  const byGroup = Object.fromEntries(found.groupScores.map(({ name, score }) => [name, score]));
  expect(byGroup).toEqual(groups ?? byGroup);
});

describe("statistics", () => {
  test.each(statistics.stats)("of $values", ({ values, stats, within }) => {
    const found = statsOf(values);
    for (const [name, value] of Object.entries(stats)) {
      expect(near(found[name as keyof typeof found], value, within)).toBe(true);
    }
  });
  test.each(statistics.percentiles)("the $percent th percentile is $value", ({ values, percent, value, within }) => {
    expect(near(percentile(values, percent), value, within)).toBe(true);
  });
  test.each(statistics.fences)("outliers $outliers", ({ values, factor, outliers }) => {
    const kept = withoutOutliers(values, factor);
    expect(values.filter((value) => !kept.includes(value))).toEqual(outliers);
  });
  test.each(statistics.ratios)("a ratio of means of $ratio", ({ experiment, control, ratio }) => {
    expect(meanRatio(experiment, control)).toBe(Number(ratio));
  });
  test.each(statistics.shares)("a share of pairs of $share", ({ experiment, control, share, within }) => {
    expect(near(commonLanguage(experiment, control), share, within)).toBe(true);
  });
});

describe("stages", () => {
  test.each(stages.windows)(
    "$lifetimeMins min, every $intervalMins, the last $lookbackMins, after $warmupMins, fixed end $retrospective",
    ({ lifetimeMins, intervalMins, lookbackMins, warmupMins, retrospective, runs }) => {
      const found = windowsOf({
        lifetimeMs: lifetimeMins * MINUTE_MS,
        intervalMs: intervalMins * MINUTE_MS,
        lookbackMs: lookbackMins * MINUTE_MS,
        warmupMs: warmupMins * MINUTE_MS,
        retrospective,
      });
      expect(found.map(({ startMs, endMs }) => [startMs / MINUTE_MS, endMs / MINUTE_MS])).toEqual(runs);
      const at = found.map(({ atMs, endMs }) => atMs - (retrospective ? warmupMins * MINUTE_MS : endMs));
      expect(new Set(at)).toEqual(new Set([0]));
    },
  );
  test.each(stages.verdicts)("scores $scores against $thresholds", ({ scores: given, thresholds, passed }) => {
    expect(verdictOfRuns(given, thresholds, { truncate: false }).passed).toBe(passed);
    expect(verdictOfRuns(given, thresholds).passed).toBe(passed);
  });
});
