// Does a share that is paced by evidence rise under real load, and how many requests does a bad version cost?
import { expect, test } from "vitest";
import { shareOf } from "../../src/core/split.ts";
import { until, type Clients } from "./harness.ts";
import type { Scene } from "./scene.ts";
import { outcome, tellingFile, underLoad } from "./telling.ts";

const told = {
  strategy: "canary: { ramp: { harm: 20, minBake: 2s, max: 50% } }",
  analysis: "metrics: [{ preset: success-rate }]",
};

/** Beyond `harm` come the failures that it takes to find out, and those of a machine that looks late. */
const MOST_FAILED = 60;

/** Requests per second, when they have come for long enough to be known: a rate that rises is believed within seconds. */
async function known(scene: Scene, load: Clients): Promise<number> {
  await until("a rate that is known", async () => (load.answers.get("v1")?.ok ?? 0) > 4_000);
  const { measured } = await scene.look();
  return (1_000 * (measured?.requests ?? 0)) / (measured?.windowMs ?? 1);
}

test("a good version rises to the last share step by step, and is promoted", async (context) => {
  const { scene, load } = await underLoad(context, told);
  const perSecond = await known(scene, load);
  const number = await scene.apply(tellingFile("v2", told));
  // On a busy machine the rate goes up and down: what counts is what it is believed to be at the first rise.
  let least = perSecond;
  await scene.see("a share", ({ usual, wanted }) => {
    least = Math.min(least, usual?.perSecond ?? least);
    return shareOf(wanted, "canary") > 0;
  });
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("promoted");
  const shares = (await scene.decisions(number)).flatMap(({ text }) => {
    const share = /^raises the share to ([\d.]+)%$/u.exec(text)?.[1];
    return share === undefined ? [] : [Number(share)];
  });
  expect(shares.length).toBeGreaterThanOrEqual(3);
  console.log(`${perSecond.toFixed(0)} requests a second: ${shares.join(" %, ")} %`);
  // At first nothing is ruled out, so 20 requests may go there in the 2 s that it takes to react.
  expect(shares[0]).toBeLessThanOrEqual((1.5 * 100 * 20) / (2 * least));
  expect(shares).toEqual([...new Set(shares)].toSorted((a, b) => a - b));
  expect(shares.at(-1)).toBe(50);
  await load.stop();
  expect(load.lost).toEqual([]);
});

test("a version that fails half of its requests is taken back before many have failed", async (context) => {
  const { scene, load } = await underLoad(context, told);
  const perSecond = await known(scene, load);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "FAIL: 0.5" }));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("rolled-back");
  expect(rollout.why).toMatch(/success-rate: /u);
  await load.stop();
  const { failed = 0 } = load.answers.get("v2") ?? {};
  console.log(`${perSecond.toFixed(0)} requests a second: ${failed} failed, about 20 were allowed`);
  expect(failed).toBeGreaterThan(0);
  expect(failed).toBeLessThan(MOST_FAILED);
  expect(load.lost).toEqual([]);
});
