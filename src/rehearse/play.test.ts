// Are expectations decided at their time, and is a false one told?
import { describe, expect, test } from "vitest";
import { rolloutOf } from "./ask.ts";
import { distributionOf } from "./distribution.ts";
import { readLines } from "./language.ts";
import { playScenario } from "./play.ts";
import { SLACK } from "./pace.ts";
import type { Summary } from "./rehearsal.ts";
import { inParallel, type Task } from "./workers.ts";

const rollout = rolloutOf(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [serve], replicas: 2, drain: 2s } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 20s }, { weight: 50%, hold: 20s }] } }
  analysis: { falseRollback: 0.01%, warmup: 2s, metrics: [{ preset: success-rate }] }
`);

const play = (scenario: string) => playScenario(readLines(scenario), rollout);

describe("expectations", () => {
  test("that come true", async () => {
    const { failures, expectations, virtualMs } = await play(`
      load 100/s
      expect at 10s share canary 10%
      expect share canary 50% within 25s
      expect outcome promoted within 1m
      expect never share canary 60% # it has all of it before it is stable
      expect end stable v2
      expect harm at most 40`);
    expect(failures).toMatchObject([{ line: 6, expected: "never share canary 60%" }]);
    expect(failures[0]?.found).toMatch(/^canary 100%, baseline 0%, stable 0% at 4\ds$/u);
    expect(expectations).toBe(6);
    expect(virtualMs).toBeLessThan(60_000);
  });

  test("that do not, each with its line and what was found", async () => {
    const { failures, decisions } = await play(`
      load 200/s
      canary errors 50%
      expect outcome promoted within 2m
      expect harm at most 3
      expect end stable v2
      expect at 1m says "no such text"
      expect never outcome rolled-back`);
    expect(failures.map(({ line }) => line)).toEqual([4, 5, 6, 7, 8]);
    expect(failures[0]).toMatchObject({ expected: "outcome promoted within 2m" });
    expect(failures[0]?.found).toContain("rolled-back (The canary is worse");
    expect(failures[1]?.found).toMatch(/^\d+ more failed requests than stable would have had$/u);
    expect(failures[2]?.found).toBe("v1");
    expect(decisions.at(-1)).toContain("shop/2 rolled-back");
  });

  test("an outcome is that of the scenario's rollout, not of the one before", async () => {
    const { failures } = await play("at 30s apply v2; expect at 10s outcome none; expect at 10s stable v1");
    expect(failures).toEqual([]);
  });
});

describe("many at once", () => {
  const options = {
    rollout,
    scenario: readLines("load 50/s"),
    seed: 0,
    slack: SLACK.many,
    promote: false,
    limitMs: 6e5,
  };
  const tasks: readonly Task[] = [
    { kind: "runs", options, seeds: [1, 2] },
    { kind: "play", rollout, scenario: readLines("load 50/s; expect outcome promoted within 2m") },
    { kind: "runs", options, seeds: [3] },
  ];
  const figures = (done: Awaited<ReturnType<typeof inParallel>>) =>
    done.map((one) => (one.kind === "runs" ? one.runs : one.kind === "play" ? one.played : one));

  test("threads answer what this one does, in the order of the tasks", async () => {
    const [one, two] = [await inParallel(tasks, { threads: 1 }), await inParallel(tasks, { threads: 2 })];
    expect(one.map(({ kind }) => kind)).toEqual(["runs", "play", "runs"]);
    expect(figures(two)).toEqual(figures(one));
  });

  test("a single task can be kept apart", async () => {
    const one: readonly Task[] = [{ kind: "one", options }];
    const [here, there] = [
      await inParallel(one, { threads: 1 }),
      await inParallel(one, { threads: 1, apart: { megabytes: 256 } }),
    ];
    expect(there).toEqual(here);
    expect(there).toMatchObject([{ kind: "one", rehearsed: { seed: options.seed, ending: "promoted" } }]);
  });

  test("what is called off is not played", async () => {
    await expect(inParallel(tasks, { threads: 2, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});

test("the distribution counts endings and orders figures", () => {
  const run = (seed: number, ending: Summary["ending"]): Summary => ({
    seed,
    ending,
    virtualMs: seed * 1_000,
    requests: 10,
    canaryRequests: seed,
    canaryFailed: 0,
    lost: 0,
    harm: 100 - seed,
    looks: 1,
  });
  const runs = Array.from({ length: 20 }, (_, index) => run(index + 1, index < 15 ? "promoted" : "rolled-back"));
  const { endings } = distributionOf(runs);
  expect(endings.map(({ ending, runs: count, share }) => [ending, count, share])).toEqual([
    ["promoted", 15, 0.75],
    ["rolled-back", 5, 0.25],
  ]);
  expect(endings[0]?.interval).toEqual([expect.closeTo(0.508_95, 4), expect.closeTo(0.913_43, 4)]);
  expect(endings[1]?.timeMs).toEqual([16_000, 17_000, 18_000, 19_000, 20_000, 20_000]);
  expect(endings[1]?.harm).toEqual([80, 81, 82, 83, 84, 84]);
});
