// Does a rehearsal go as the real engine would, and always the same?
import { describe, expect, test } from "vitest";
import { rolloutOf } from "./ask.ts";
import { BUILT_IN } from "./builtin.ts";
import { readLines } from "./language.ts";
import { SLACK } from "./pace.ts";
import { longest, rehearse, summaryOf, type RehearsalOptions } from "./rehearsal.ts";

const rolloutWith = (steps: string) =>
  rolloutOf(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [serve], replicas: 4, drain: 2s } }
  traffic: { proxy: { listen: 8080 } }
  progressDeadline: 20s
  strategy: { canary: { steps: ${steps} } }
  analysis: { falseRollback: 0.01%, warmup: 2s, metrics: [{ preset: success-rate }] }
`);

const HOLDS = rolloutWith("[{ weight: 10%, hold: 2m }, { weight: 50%, hold: 2m }]");

const play = (scenario: string, more: Partial<RehearsalOptions> = {}) =>
  rehearse({
    rollout: HOLDS,
    scenario: readLines(scenario),
    seed: 4,
    slack: SLACK.many,
    promote: false,
    limitMs: 86_400_000,
    ...more,
  });

describe("one rollout", () => {
  test("a good version is promoted on time, and the same seed brings the same rehearsal", async () => {
    const first = await play("load 200/s");
    expect(first).toMatchObject({ ending: "promoted", lost: 0 });
    // Two holds of two minutes, and some seconds for starts and the moment before promotion.
    expect(first.virtualMs).toBeGreaterThan(240_000);
    expect(first.virtualMs).toBeLessThan(260_000);
    const shares = longest(first.stretches);
    expect(shares.find((one) => one.shares === "canary 10%, stable 90%")?.ms).toBeGreaterThanOrEqual(120_000);
    expect(await play("load 200/s")).toEqual(first);
    expect(await play("load 200/s", { seed: 5 })).not.toEqual(first);
  });

  test("a bad one is rolled back from the share on at which it is bad, and the harm is told", async () => {
    const rehearsed = await play("load 200/s; canary errors 50% from share 50%");
    expect(rehearsed.ending).toBe("rolled-back");
    expect(rehearsed.virtualMs).toBeGreaterThan(120_000);
    expect(rehearsed.virtualMs).toBeLessThan(135_000);
    expect(rehearsed.verdict?.kind).toBe("worse");
    // Nearly every failure of the canary would not have been one on stable.
    expect(rehearsed.harm).toBeGreaterThan(10);
    expect(rehearsed.harm).toBeLessThanOrEqual(rehearsed.canaryFailed);
  });

  test("what befalls both versions harms nobody by the rollout", async () => {
    const rehearsed = await play("load 200/s; at 30s outage of everything for 1m errors 30%");
    expect(rehearsed.ending).toBe("promoted");
    // 20/s to the canary for a minute, 30 % of which fail: 360; the excess over stable's has standard deviation √252.
    expect(rehearsed.canaryFailed).toBeGreaterThan(280);
    expect(rehearsed.harm).toBeLessThan(5 * Math.sqrt(252));
  });

  test("requests that nobody answers are harm", async () => {
    const spec = { ...HOLDS.spec, strategy: { kind: "recreate" as const }, analysis: undefined };
    const rehearsed = await play("load 100/s; canary ready after 3s", { rollout: { ...HOLDS, spec } });
    expect(rehearsed.ending).toBe("promoted");
    // Three seconds of 100/s at least; Poisson, five standard deviations.
    expect(rehearsed.lost).toBeGreaterThan(300 - 5 * Math.sqrt(300));
    expect(rehearsed.harm).toBeGreaterThan(0.99 * rehearsed.lost - 5);
  });

  test("a gate is answered, and says so", async () => {
    const rollout = rolloutWith('[{ weight: 10%, hold: 10s }, { gate: "look" }, { weight: 50%, hold: 10s }]');
    const rehearsed = await play("load 100/s", { rollout });
    expect(rehearsed.ending).toBe("promoted");
    expect(rehearsed.answered).toEqual(["look: waits for a person"]);
    expect(rehearsed.virtualMs).toBeLessThan(40_000);
  });

  test("an undecided judgement waits for a person, unless everything is answered", async () => {
    const rollout = rolloutWith("[{ weight: 10%, judge: { atMost: 30s, undecided: hold } }]");
    const waits = await play("load 0/s", { rollout: rolloutWith("[{ weight: 10%, hold: 5s }]"), limitMs: 600_000 });
    expect(waits).toMatchObject({ ending: "waiting", virtualMs: 600_000 });
    expect(await play("load 0.2/s", { rollout })).toMatchObject({ ending: "person", answered: [] });
    const answered = await play("load 0.2/s", { rollout, promote: true });
    expect(answered.ending).toBe("promoted");
    expect(answered.answered).toHaveLength(1);
  });

  test("what somebody asks for after its end is played, too", async () => {
    const undone = await play("load 200/s; at 30m undo");
    expect(undone.timeline.at(-1)?.text).toBe("shop/3 promoted");
    expect(undone.virtualMs).toBeGreaterThan(1_800_000);
  });

  test.each(Object.entries(BUILT_IN))("the built-in scenario %s comes to an end", async (_name, { lines }) => {
    const { ending, virtualMs } = await play(lines);
    expect(["promoted", "rolled-back"]).toContain(ending);
    expect(virtualMs).toBeLessThan(20 * 60_000);
  });

  test("few looks for a long time, and close ones after each change", async () => {
    const week = rolloutWith("[{ weight: 10%, hold: 3d }, { weight: 50%, hold: 4d }]");
    const rehearsed = await play("load 50/s", { rollout: week, limitMs: 10 * 86_400_000 });
    expect(rehearsed.ending).toBe("promoted");
    expect(rehearsed.looks).toBeLessThan(1_000);
    const { looks } = summaryOf(await play("load 200/s; canary errors 100%"));
    expect(looks).toBeGreaterThan(5);
  });
});
