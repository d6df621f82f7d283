// Is a scenario understood, in its own words and in others, and is a wrong line told what would be right?
import { describe, expect, test } from "vitest";
import { BUILT_IN } from "./builtin.ts";
import { readLines, readScenario } from "./language.ts";
import { inOwnWords } from "./phrases.ts";

const first = (row: string) => readLines(row).events[0];

describe("other words for a line", () => {
  test.each([
    ["errors of canary 2 % from 25 %", "canary errors 2% from share 25%"],
    ["baseline drifts", "everything drift errors to 2% over 10m"],
    ["metrics gone for 5 min", "metrics gone for 5m"],
    ["metrics are missing", "metrics gone for 5m"],
    ["pods differ", "everything pods differ 0.2"],
    ["replicas differ by 0.3", "everything pods differ 0.3"],
    ["errors 2%", "canary errors 2%"],
    ["the new version has errors 2 percent", "canary errors 2%"],
    ["at 90 seconds router down for 2 minutes", "at 90s router gone for 2m"],
    ["load 20 per second", "load 20/s"],
    ["canary slowest 5 % 1.4 times", "canary slowest 5% x1.4"],
    ["traffic stops", "load 0/s"],
    ["outage", "outage of everything for 1m errors 30%"],
    ["canary never ready", "canary ready never"],
    ["expect outcome promoted within 30 min", "expect outcome promoted within 30m"],
    ["canary signal inbox 120 noise 5%", "canary signal inbox 120 noise 5%"],
    ["load 1/s # a comment", "load 1/s"],
    ['expect at 5 min says "5 min"', 'expect at 5m says "5 min"'],
    ['expect at 1m says "5 min  # is told"', 'expect at 1m says "5 min  # is told"'],
  ])("%s", (row, own) => {
    expect(inOwnWords(row)).toBe(own);
    expect(inOwnWords(own)).toBe(own);
    expect(() => readLines(row)).not.toThrow();
  });
});

describe("what is said", () => {
  test("traits add up on one line", () => {
    const traits = {
      errorsFrom: { errors: 0.02, share: 0.25 },
      slowest: { share: 0.05, factor: 1.4 },
      cold: { factor: 4, untilMs: 30_000 },
      burst: 3,
      differ: 0.2,
    };
    const row = "canary errors 2% from share 25% slowest 5% x1.4 cold x4 for 30s bursts of 3 pods differ 0.2";
    expect(first(row)).toMatchObject({ kind: "traits", of: "canary", atMs: 0, timed: false, traits });
  });

  test("what replicas tell of themselves", () => {
    const row = "canary memory 200MB growing 50MB/h cpu x1.3 log-errors x5 signal depth 120 noise 5% count orders 3/s";
    expect(first(row)).toMatchObject({
      traits: {
        tells: {
          memory: { bytes: 200e6, perHour: 50e6 },
          cpu: 1.3,
          logErrors: 5,
          gauges: { depth: { value: 120, noise: 0.05 } },
          counts: { orders: 3 },
        },
      },
    });
  });

  test("trouble without a time begins after a minute, everything else at the beginning", () => {
    expect(first("metrics gone for 5m")).toMatchObject({ kind: "gone", atMs: 60_000, forMs: 300_000 });
    expect(first("outage of canary for 10s errors 50%")).toMatchObject({ of: "canary", atMs: 60_000, errors: 0.5 });
    expect(first("load daily 20/s to 200/s")).toMatchObject({ atMs: 0, load: { low: 20, high: 200 } });
    expect(first("at 1m 30s pause")).toMatchObject({ kind: "command", verb: "pause", atMs: 90_000 });
  });

  test("expectations of a moment, of a time, of the end and of never", () => {
    const { expectations } = readScenario(
      [
        "rollout ../shop.yaml",
        "expect at 3s share canary 10% within 2%",
        "expect outcome promoted within 30m",
        "expect harm at most 50",
        "expect never share canary 50%",
        "expect end outcome rolled-back",
        "expect share canary 10% within 5m",
      ].join("\n"),
    );
    expect(expectations.map(({ when, what, line }) => [line, when.kind, what.kind])).toEqual([
      [2, "at", "share"],
      [3, "within", "outcome"],
      [4, "end", "harm"],
      [5, "never", "share"],
      [6, "end", "outcome"],
      [7, "within", "share"],
    ]);
    expect(expectations[0]?.what).toMatchObject({ percent: 10, within: 2 });
    expect(expectations[5]).toMatchObject({ when: { atMs: 300_000 }, what: { percent: 10, within: 0 } });
  });

  test("the rollout file stands above, is named, or is neither", () => {
    expect(readScenario("a: 1\n---\nload 1/s")).toMatchObject({ spec: "a: 1", events: [{ line: 3 }] });
    expect(readScenario("# notes\nrollout ../shop.yaml\nload 1/s").file).toEqual({ path: "../shop.yaml", line: 2 });
    const { spec, file } = readScenario("load 1/s");
    expect([spec, file]).toEqual([undefined, undefined]);
  });

  test.each(Object.entries(BUILT_IN))("the built-in scenario %s", (_name, { lines }) => {
    expect(readLines(lines).events.length).toBeGreaterThan(0);
  });
});

describe("what is wrong", () => {
  test.each([
    ["canary eror 2%", 'line 1: found "eror"; right would be one of good, errors'],
    ["canary erors 2%", "did you mean errors?"],
    ["everything drift errors to 2 over 10m", "as in: canary drift errors to 2% over 10m"],
    ["drift errors 2%", 'found "2%"; right would be to, as in'],
    ["metrics gone soon", 'found "soon"; right would be for, as in: at 30s metrics gone for 5m'],
    ["canary slowest 5% x0", "a factor above 0"],
    ["canary errors 101%", "a percentage"],
    ["canary memory 5", "a size, such as 200MB"],
    ["pause", "a time before it, as in: at 30s pause"],
    ["expect outcome promoted", "expect at 30m outcome"],
    ["expect outcome promotd within 1m", "did you mean promoted?"],
    ["expect harm 50", "expect harm at most 50"],
    ["load 20/s to 200/s", '"to 200/s" at the end'],
    ["rollout shop.yaml", "rollout FILE once"],
  ])("%s", (row, message) => {
    expect(() => readLines(row)).toThrow(message);
  });

  test("a rollout file without the line below it", () => {
    expect(() => readScenario("load 1/s\nkind: Rollout")).toThrow("line 2: found no line of ---");
  });
});
