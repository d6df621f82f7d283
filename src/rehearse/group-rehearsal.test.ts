// Does a group's rehearsal go as the real group would, and always the same?
import { describe, expect, test } from "vitest";
import type { FacadePlan, ReleasePlan } from "../core/group/state.ts";
import { ms } from "../core/units.ts";
import { rolloutOf } from "./ask.ts";
import { memberFatesOf, turningsOf } from "./group-distribution.ts";
import { readGroupLines } from "./group-language.ts";
import { groupSummaryOf, rehearseGroup, type GroupRehearsalOptions } from "./group-rehearsal.ts";
import { SLACK } from "./pace.ts";

const NAMES = ["catalog", "checkout", "mail"];

function rolloutWith(name: string, steps: string, gate: boolean) {
  const rollout = rolloutOf(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: ${name} }
spec:
  workload: { process: { command: [serve], replicas: 4, drain: 2s } }
  traffic: { proxy: { listen: 8080 } }
  progressDeadline: 20s
  strategy: { canary: { steps: ${steps} } }
  analysis: { falseRollback: 0.01%, warmup: 2s, metrics: [{ preset: success-rate }] }
`);
  return gate ? { ...rollout, spec: { ...rollout.spec, lastGate: "release shop" } } : rollout;
}

const HOLDS = "[{ weight: 10%, hold: 2m }, { weight: 50%, hold: 2m }]";
const BAKE_MS = 1_800_000;

function releaseWith(more: Partial<ReleasePlan> = {}, steps = HOLDS): GroupRehearsalOptions["staged"] {
  const plan: ReleasePlan = {
    kind: "release",
    waves: [
      { members: ["catalog"], bakeMs: ms(BAKE_MS) },
      { members: ["checkout", "mail"], bakeMs: ms(0) },
    ],
    needs: { checkout: ["catalog"] },
    promote: "together",
    onWorse: "takeBack",
    ...more,
  };
  const rollouts = NAMES.map((name) => rolloutWith(name, steps, plan.promote === "together"));
  return { group: "release/shop", plan, rollouts };
}

const play = (lines: string, more: Partial<GroupRehearsalOptions> = {}) =>
  rehearseGroup({
    staged: releaseWith(),
    scenario: readGroupLines(lines, NAMES),
    seed: 4,
    slack: SLACK.many,
    promote: false,
    limitMs: 86_400_000,
    ...more,
  });

type Rehearsed = Awaited<ReturnType<typeof play>>;

const standings = (members: readonly { readonly service: string; readonly at: string }[] = []) =>
  Object.fromEntries(members.map(({ service, at }) => [service, at]));

/** When the release wrote down that something is so. */
const atMs = ({ timeline }: Rehearsed, text: RegExp): number =>
  timeline.find((one) => one.of === "release/shop" && text.test(one.text))?.atMs ?? NaN;

describe("one release", () => {
  test("goes through wave by wave when all are good, and the same seed brings the same rehearsal", async () => {
    const first = await play("load 200/s");
    expect(first).toMatchObject({ ending: "promoted", lost: 0, turning: undefined });
    expect(standings(first.members)).toEqual({ catalog: "promoted", checkout: "promoted", mail: "promoted" });
    // Nobody begins before the first wave was watched for as long as the file says, and hardly later.
    const bakedMs = atMs(first, /^next: checkout, mail/u) - atMs(first, /watched for 30m/u);
    expect(bakedMs).toBeGreaterThanOrEqual(BAKE_MS);
    expect(bakedMs).toBeLessThan(BAKE_MS + 5_000);
    expect(await play("load 200/s")).toEqual(first);
    expect(await play("load 200/s", { seed: 5 })).not.toEqual(first);
  });

  test("takes the first wave back when a member of the second one is worse", async () => {
    const rehearsed = await play("load 200/s; checkout: canary errors 5%");
    expect(rehearsed).toMatchObject({ ending: "rolled-back", turning: { kind: "back", wave: 2 } });
    expect(rehearsed.why).toContain("checkout goes back");
    const { turning, members } = rehearsed;
    expect(turning?.atMs).toBeGreaterThan(BAKE_MS + 240_000);
    expect(standings(turning?.members)).toEqual({
      catalog: "promoted",
      checkout: "going-back",
      mail: "under-way",
    });
    expect(turning?.members.map(({ share }) => share)).toEqual([1, 0.1, 0.1]);
    expect(standings(members)).toEqual({ catalog: "undone", checkout: "rolled-back", mail: "stopped" });
    const [catalog, checkout, mail] = members;
    // It had everything for half an hour, at 200 a second.
    expect(catalog?.canaryRequests).toBeGreaterThan(0.95 * 200 * (BAKE_MS / 1_000));
    // 5 % against 0.1 %: nearly every failure of the canary is harm.
    expect(checkout?.harm).toBeGreaterThan(0.5 * (checkout?.canaryFailed ?? 0));
    expect(mail?.canaryRequests).toBeLessThan(2 * (checkout?.canaryRequests ?? 0));
    expect(members.every(({ share }) => share === 0)).toBe(true);
  });

  test("holds the others where the file says so, until nobody comes", async () => {
    const staged = releaseWith({ promote: "each", onWorse: "hold" });
    const rehearsed = await play("load 200/s; mail: canary errors 50%", { staged });
    expect(rehearsed).toMatchObject({ ending: "person", turning: { kind: "held", wave: 2 } });
    expect(standings(rehearsed.members)).toEqual({
      catalog: "promoted",
      checkout: "promoted",
      mail: "rolled-back",
    });
  });

  test("a member's own gate is answered; the gate at which they wait for each other is not", async () => {
    const staged = releaseWith({}, '[{ weight: 10%, hold: 10s }, { gate: "look" }, { weight: 50%, hold: 10s }]');
    const rehearsed = await play("load 100/s", { staged });
    expect(rehearsed.ending).toBe("promoted");
    expect(rehearsed.answered.toSorted()).toEqual(NAMES.map((name) => `${name}: look: waits for a person`));
  });

  test("an abort takes back what has begun, also when the controller was killed before", async () => {
    const rehearsed = await play("load 100/s; at 1m controller gone for 20s; at 6m abort");
    expect(rehearsed).toMatchObject({ ending: "stopped", turning: { kind: "back", wave: 1 } });
    expect(rehearsed.turning?.atMs).toBe(360_000);
    expect(standings(rehearsed.members)).toEqual({ catalog: "undone", checkout: "waiting", mail: "waiting" });
    expect(rehearsed.members[1]?.canaryRequests).toBe(0);
  });

  test("what befalls all members is no reason to go back", async () => {
    const rehearsed = await play("load 200/s; at 30s outage of everything for 1m errors 30%");
    expect(rehearsed.ending).toBe("promoted");
  });

  test("a stable version that does not come up is named", async () => {
    await expect(play("mail: everything ready never")).rejects.toThrow("v1 of mail did not come up");
  });
});

describe("one façade", () => {
  const facadeOf = (order: FacadePlan["order"]): GroupRehearsalOptions["staged"] => {
    const line = NAMES.map((service) => ({ service, route: service, requests: `/${service}` }));
    const legacy = { id: "v1", template: {} };
    const plan: FacadePlan = { kind: "facade", order, rest: "shop", line, legacy, former: [] };
    return { group: "facade/shop", plan, rollouts: ["shop", ...NAMES].map((name) => rolloutWith(name, HOLDS, false)) };
  };

  test("moves route by route, and leaves everything else with legacy", async () => {
    const rehearsed = await play("load 200/s", { staged: facadeOf("one-by-one") });
    expect(rehearsed).toMatchObject({ ending: "promoted", why: "every route has moved" });
    expect(rehearsed.members.map(({ service, at, wave }) => [service, at, wave])).toEqual(
      NAMES.map((name, index) => [name, "promoted", index + 1]),
    );
    expect(rehearsed.timeline.some(({ of }) => of === "shop")).toBe(false);
  });

  test("stops at a route that is worse, or goes on with the others where all go at the same time", async () => {
    const lines = "load 200/s; checkout: canary errors 20%";
    const stopped = await play(lines, { staged: facadeOf("one-by-one") });
    expect(stopped).toMatchObject({ ending: "rolled-back", turning: { kind: "alone", wave: 2 } });
    expect(standings(stopped.members)).toEqual({ catalog: "promoted", checkout: "rolled-back", mail: "waiting" });
    const together = await play(lines, { staged: facadeOf("together") });
    expect(together).toMatchObject({ ending: "rolled-back", turning: { kind: "alone", wave: 1 } });
    expect(standings(together.members)).toEqual({ catalog: "promoted", checkout: "rolled-back", mail: "promoted" });
    const skipped = await play(`${lines}; at 20m promote`, { staged: facadeOf("one-by-one") });
    expect(standings(skipped.members)).toEqual({ catalog: "promoted", checkout: "rolled-back", mail: "promoted" });
    expect(skipped).toMatchObject({ ending: "promoted", why: expect.stringContaining("left with legacy: checkout") });
  });
});

test("many of them tell how far each member was when one was worse", async () => {
  const runs = await Promise.all(
    [1, 2, 3].map(async (seed) => groupSummaryOf(await play("load 200/s; checkout: canary errors 20%", { seed }))),
  );
  expect(turningsOf(runs)).toMatchObject({ runs: 3, waves: [{ wave: 2, runs: 3 }] });
  const [catalog, checkout] = memberFatesOf(runs);
  expect(catalog).toMatchObject({
    wave: 1,
    atTurning: [{ at: "promoted", runs: 3 }],
    atEnd: [{ at: "undone", runs: 3 }],
  });
  expect(checkout?.share.at(-1)).toBe(0.1);
  expect(checkout?.atEnd).toEqual([{ at: "rolled-back", runs: 3 }]);
  expect(turningsOf([])).toBeUndefined();
});
