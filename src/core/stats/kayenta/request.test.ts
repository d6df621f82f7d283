// Is everything read that Kayenta reads, and every mistake named with its place?
import { describe, expect, test } from "vitest";
import { parseRequest, readRequest } from "./request.ts";
import { DEFAULTS } from "./settings.ts";

interface Parts {
  readonly canary?: unknown;
  readonly metric?: object;
  readonly pair?: object;
  readonly config?: object;
  readonly thresholds?: unknown;
}

function requestOf({ canary, metric, pair, config, thresholds = { pass: 95, marginal: 75 } }: Parts = {}): unknown {
  return {
    canaryConfig: {
      name: "shop",
      metrics: [{ name: "cpu", groups: ["g"], query: { type: "x" }, analysisConfigurations: { canary }, ...metric }],
      classifier: { groupWeights: { g: 100 }, scoreThresholds: { pass: 1 } },
      ...config,
    },
    metricSetPairList: [
      { name: "cpu", id: "1", tags: {}, values: { experiment: [1], control: [2] }, scopes: {}, ...pair },
    ],
    scoreThresholds: thresholds,
  };
}

function settingsOf(canary: unknown) {
  const read = readRequest(requestOf({ canary }));
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return read.request.metrics[0]?.settings;
}

/** The mistakes as text. */
function mistakes(data: unknown): readonly string[] {
  const read = readRequest(data);
  return read.ok ? [] : read.issues.map(({ path, message }) => `${path}: ${message}`);
}

describe("settings", () => {
  test("defaults", () => {
    for (const canary of [undefined, null, {}, { effectSize: null, outliers: "", critical: null }]) {
      expect(settingsOf(canary)).toEqual(DEFAULTS);
    }
  });
  test("everything said", () => {
    const canary = {
      direction: "increase",
      nanStrategy: "replace",
      critical: true,
      mustHaveData: true,
      muted: true,
      outliers: { strategy: "remove", outlierFactor: 2 },
      effectSize: { measure: "cles", allowedIncrease: 1, criticalDecrease: 0.25 },
      note: "passed over",
    };
    expect(settingsOf(canary)).toEqual({
      direction: "increase",
      nan: "replace",
      outlierFactor: 2,
      critical: true,
      mustHaveData: true,
      muted: true,
      measure: "cles",
      allowedIncrease: 1,
      allowedDecrease: 0.5,
      criticalIncrease: 0.5,
      criticalDecrease: 0.25,
    });
  });
  test("words that are not known stand for the default, a factor only counts when outliers are removed", () => {
    expect(settingsOf({ direction: "up", nanStrategy: 5, outliers: { strategy: "keep", outlierFactor: -1 } })).toEqual(
      DEFAULTS,
    );
    expect(settingsOf({ outliers: { strategy: "remove" } })?.outlierFactor).toBe(3);
  });
});

describe("numbers", () => {
  test("texts that Jackson takes for numbers", () => {
    const experiment = ["NaN", "1.5", " 2 ", "Infinity", "-INF", 3, "1e3"];
    const read = readRequest(
      requestOf({ pair: { values: { experiment, control: [] } }, thresholds: { pass: "95", marginal: "75.5" } }),
    );
    expect(read.ok && read.request.pairs[0]?.experiment).toEqual([NaN, 1.5, 2, Infinity, -Infinity, 3, 1_000]);
    expect(read.ok && read.request.thresholds).toEqual({ pass: 95, marginal: 75.5 });
  });
  test("missing points must be NaN", () => {
    expect(mistakes(requestOf({ pair: { values: { experiment: [1, null, true, null], control: [""] } } }))).toEqual([
      'metricSetPairList[0].values.experiment[1]: found nothing (and 2 more such), a point is a number, a missing one the text "NaN"',
      'metricSetPairList[0].values.control[0]: found an empty text, a point is a number, a missing one the text "NaN"',
    ]);
  });
});

describe("mistakes", () => {
  test.each([
    [
      "a boolean in quotes",
      { canary: { critical: "true" } },
      'canaryConfig.metrics[0].analysisConfigurations.canary.critical: found the text "true", true or false must be here, without quotes: Kayenta itself fails on it',
    ],
    [
      "an effect size in quotes",
      { canary: { effectSize: { allowedIncrease: "1.1" } } },
      'canaryConfig.metrics[0].analysisConfigurations.canary.effectSize.allowedIncrease: found the text "1.1", a number must be here, without quotes: Kayenta itself fails on it',
    ],
    [
      "a list for a map",
      { canary: { outliers: [1] } },
      "canaryConfig.metrics[0].analysisConfigurations.canary.outliers: found a list, a map must be here",
    ],
    [
      "a factor of 0",
      { canary: { outliers: { strategy: "remove", outlierFactor: 0 } } },
      "canaryConfig.metrics[0].analysisConfigurations.canary.outliers.outlierFactor: found 0, a factor above 0 must be here: Kayenta itself fails on it",
    ],
    [
      "no groups",
      { metric: { groups: null } },
      "canaryConfig.metrics[0].groups: found nothing, a list of group names must be here, empty for none: Kayenta itself fails without it",
    ],
    [
      "an old judge",
      { config: { judge: { name: "dredd-v1.0" } } },
      "canaryConfig.judge.name: found dredd-v1.0, the judge here is NetflixACAJudge-v1.0; Kayenta knows no other one either",
    ],
    [
      "no classifier",
      { config: { classifier: undefined } },
      "canaryConfig.classifier: found nothing, a map with groupWeights must be here: Kayenta itself fails without it",
    ],
    [
      "a weight that is none",
      { config: { classifier: { groupWeights: { g: "many" } } } },
      'canaryConfig.classifier.groupWeights.g: found the text "many", a weight is a number of per cent',
    ],
    [
      "a series of no metric",
      { pair: { name: "memory" } },
      "metricSetPairList[0].name: found memory, no metric of the configuration has this name",
    ],
    [
      "one side only",
      { pair: { values: { control: [] } } },
      "metricSetPairList[0].values.experiment: found nothing, a list of numbers must be here",
    ],
    [
      "no thresholds",
      { thresholds: null },
      "scoreThresholds: found nothing, a map with pass and marginal; those in the configuration are not used",
    ],
    [
      "half of the thresholds",
      { thresholds: { pass: 95 } },
      "scoreThresholds.marginal: found nothing, a score below which the canary fails",
    ],
  ])("%s", (_, parts: Parts, message) => {
    expect(mistakes(requestOf(parts))).toEqual([message]);
  });

  test("all at once, with codes", () => {
    const read = readRequest({ canaryConfig: [], metricSetPairList: [{}], extra: 1 });
    expect(!read.ok && read.issues.map(({ path, code }) => [path, code])).toEqual([
      ["canaryConfig", "wrong-type"],
      ["metricSetPairList[0].name", "missing-field"],
      ["metricSetPairList[0].values", "missing-field"],
      ["scoreThresholds", "missing-field"],
    ]);
  });
  test("what is not JSON", () => {
    const read = parseRequest('{"values": [NaN]}');
    expect(!read.ok && read.issues[0]?.code).toBe("json");
    expect(!read.ok && read.issues[0]?.message).toMatch(/^not JSON: .*N/u);
    expect(mistakes(7)).toEqual([
      ": found 7, a request is a map with canaryConfig, metricSetPairList and scoreThresholds",
    ]);
  });
});

test("a byte order mark is passed over", () => {
  expect(parseRequest(`\uFEFF${JSON.stringify(requestOf())}`).ok).toBe(true);
});
