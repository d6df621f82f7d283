// Which of the goals are met?
import { chanceOf, courseOf } from "../../src/core/stats/power.ts";
import { floorOf } from "./floor.ts";
import { lookRequests, type Result, type Results, saidOf } from "./results.ts";
import { at } from "./run.ts";
import { count, isSame, minutes, percent, shareText } from "./tables.ts";

export interface Goal {
  readonly name: string;
  readonly passed: boolean;
  /** The figure that is nearest to failing, or failed. */
  readonly figure: string;
}

/** How near to its limit a figure is: above 1 it failed. */
interface Check {
  readonly near: number;
  readonly figure: string;
}

function goalOf(name: string, checks: readonly Check[]): Goal | undefined {
  const worst = checks.toSorted((a, b) => b.near - a.near)[0];
  if (worst === undefined) return undefined;
  const failed = checks.filter((check) => check.near > 1);
  const figure = failed.length > 0 ? failed.map((check) => check.figure).join("; ") : worst.figure;
  return { name, passed: failed.length === 0, figure };
}

const some = (results: Results, prefix: string): readonly Result[] =>
  [...results.values()].filter(({ row }) => row.id.startsWith(prefix));

const TROUBLES = ["none", "random walk", "error rate grows", "a minute at", "share and error"];

/** Of fewer rollouts only what is surely too much fails. */
const ENOUGH = 1_000;

/** The upper 95 % limit of every share of false rollbacks, with and without margins. */
function falseRollbacks(results: Results): Goal | undefined {
  const good = [
    ...some(results, "A ").filter(isSame),
    ...some(results, "F ").filter(isSame),
    ...TROUBLES.flatMap((name) => some(results, `T ${name}`)),
  ];
  const checks = good.flatMap((result) =>
    ["plain", "shipped"].flatMap((plan) =>
      [0.01, 0.05].map((alpha): Check => {
        const said = saidOf(result, at(plan, alpha));
        const { rps } = result.row.asked.traffic;
        return {
          near: said.limits[said.runs < ENOUGH ? 0 : 1] / alpha,
          figure: `${rps} rps, ${result.row.name}, ${plan}: ${shareText(said)} at ${percent(alpha)}`,
        };
      }),
    ),
  );
  return goalOf("G1 false rollbacks: upper 95 % limit ≤ alpha", checks);
}

interface Times {
  readonly many: number;
  readonly some: (bound: number) => number;
}

/** The median against the bound, with one look's requests on top, in whole requests. */
function againstBound(result: Result, name: string, times: Times): Check | undefined {
  const bound = floorOf(result.row.asked.traffic, name.endsWith(" 0.01") ? 0.01 : 0.05)?.requests;
  if (bound === undefined) return undefined;
  const said = saidOf(result, name);
  const [median, seconds] = [said.requests(0.5), said.seconds(0.5)];
  const whole = result.row.asked.traffic.stages.reduce((sum, one) => sum + one.looks * one.seconds * one.share, 0);
  const free = bound >= 300 ? times.many * bound : times.some(bound);
  if (free > whole * result.row.asked.traffic.rps) return undefined;
  const limit = free + Math.ceil(lookRequests(result, Number.isFinite(seconds) ? seconds : 0));
  const { rps } = result.row.asked.traffic;
  return {
    near: median / limit,
    figure: `${rps} rps, ${result.row.name}: ${count(median)} requests, bound ${count(bound)}, limit ${count(limit)}`,
  };
}

const present = (checks: readonly (Check | undefined)[]): Check[] => checks.filter((check) => check !== undefined);

function oneMetric(results: Results): Goal | undefined {
  const times: Times = { many: 1.45, some: (bound) => (bound >= 30 ? 1.7 * bound : bound + 6) };
  const checks = some(results, "B ").map((result) => againstBound(result, at("plain", 0.01), times));
  return goalOf("G2 one metric: median ≤ 1.45 × bound (1.7 below 300 requests, + 6 below 30)", present(checks));
}

function twoGuards(results: Results): Goal | undefined {
  const times: Times = { many: 1.9, some: (bound) => 2.5 * bound };
  const rows = some(results, "A ").filter((result) => !isSame(result));
  const checks = rows.map((result) => againstBound(result, at("plain", 0.01), times));
  return goalOf("G3 two guards: median ≤ 1.9 × bound (2.5 below 300 requests)", present(checks));
}

function tails(results: Results): Goal | undefined {
  const limits = [
    ["p99 × 1.5", 120],
    ["p99 × 1.1", 780],
  ] as const;
  const checks = limits.flatMap(([name, limit]) =>
    some(results, `A 200 ${name}`).map((result): Check => {
      const seconds = saidOf(result, at("plain", 0.01)).seconds(0.5);
      return { near: seconds / limit, figure: `${name}: ${minutes(seconds)}` };
    }),
  );
  return goalOf("G4 200 rps: p99 × 1.5 within 2 min, p99 × 1.1 within 13 min (medians)", checks);
}

function goes(results: Results, boundOf: (result: Result) => number): Goal | undefined {
  const checks = some(results, "go ").map((result): Check => {
    const said = saidOf(result, "plain");
    if (result.row.id.endsWith("at the margin")) {
      return { near: said.times / said.runs / 0.05, figure: `${result.row.name} at the margin: ${shareText(said)}` };
    }
    const [median, bound] = [said.requests(0.5), boundOf(result)];
    const limit = 1.45 * bound + lookRequests(result, 0);
    return { near: median / limit, figure: `${result.row.name}: ${count(median)} requests, bound ${count(bound)}` };
  });
  return goalOf("G5 go: median ≤ 1.45 × bound, false go ≤ 5 %", checks);
}

/** Not exact under these disturbances: the measured share counts. */
function real(results: Results): Goal | undefined {
  const cases = [
    ["bursts of 2", "plain", 1],
    ["bursts of 3", "plain", 1],
    ["bursts of 10", "plain", 1],
    ["replicas, tau 0.2", "plain", 1.5],
    ["replicas, tau 0.5", "plain", 3],
    ["replicas, tau 0.2", "× 1.25", 1],
    ["replicas, tau 0.5", "× 1.25", 1],
  ] as const;
  const checks = cases.flatMap(([name, plan, times]) => {
    const result = results.get(`T ${name}`);
    if (result === undefined) return [];
    return [0.01, 0.05].map((alpha): Check => {
      const said = saidOf(result, at(plan, alpha));
      return {
        near: said.times / said.runs / (times * alpha),
        figure: `${name}, ${plan}: ${shareText(said)} at ${percent(alpha)}`,
      };
    });
  });
  return goalOf("G6 bursts ≤ alpha; replicas: tau 0.2 ≤ 1.5 alpha, 0.5 ≤ 3 alpha, with margin 1.25 ≤ alpha", checks);
}

/** Nineteen of twenty: 15 requests may by chance hold few failures. */
const MOST_MISSED = 0.05;

function gross(results: Results): Goal | undefined {
  const checks = some(results, "G7 ").flatMap((result) =>
    ["plain", "shipped"].map((plan): Check => {
      const said = saidOf(result, at(plan, 0.01));
      const missed = 1 - said.times / said.runs;
      return { near: missed / MOST_MISSED, figure: `${result.row.name}, ${plan}: ${percent(missed)} not seen` };
    }),
  );
  return goalOf("G7 half failing: seen in the first look with 15 canary requests, in 95 % of runs", checks);
}

/** Canary requests after which a comparison has been shown with this probability, as `serin plan` says. */
function planned(result: Result, chance: number): number {
  const { traffic } = result.row.asked;
  const [stage] = traffic.stages;
  if (stage === undefined) return NaN;
  const of = {
    shows: "harm" as const,
    canary: traffic.canary.errors,
    baseline: traffic.stable.errors,
    margin: { rho: 1, delta: 0 },
    phi: 1,
    tau: { start: 0.2, true: 0 },
    known: traffic.rps * traffic.historySeconds,
    needed: Math.log(100),
  };
  let [low, high] = [0, 1e8];
  for (let i = 0; i < 60; i++) {
    const requests = (low + high) / 2;
    const segment = {
      requests,
      share: stage.share,
      perLook: lookRequests(result, 0),
      canaryReplicas: traffic.canary.count,
      baselineReplicas: traffic.stable.count,
    };
    if (chanceOf(of, courseOf([segment])) < chance) low = requests;
    else high = requests;
  }
  return high;
}

function plans(results: Results): Goal | undefined {
  const rows = some(results, "B ").filter((result) => (floorOf(result.row.asked.traffic, 0.01)?.requests ?? 0) >= 300);
  const checks = rows.flatMap((result) =>
    [0.5, 0.9].map((q): Check => {
      const simulated = saidOf(result, at("plain", 0.01)).requests(q);
      const ratio = simulated / planned(result, q);
      return {
        near: Math.abs(ratio - 1) / 0.2,
        figure: `${result.row.name}, ${100 * q} %: simulated ${ratio.toFixed(2)} × planned`,
      };
    }),
  );
  return goalOf("G8 plan: requests for 50 % and 90 % within ± 20 % of simulated, from 300 requests on", checks);
}

function intervals(results: Results): Goal | undefined {
  const checks = some(results, "interval ").map((result): Check => {
    const said = saidOf(result, "plain");
    return { near: said.times / said.runs / 0.05, figure: `${result.row.name}: missed in ${shareText(said)}` };
  });
  return goalOf("G9 interval of the difference: missed at any look in ≤ 5 % of rollouts", checks);
}

export function goalsOf(results: Results, goBound: (result: Result) => number): readonly Goal[] {
  const all = [
    falseRollbacks(results),
    oneMetric(results),
    twoGuards(results),
    tails(results),
    goes(results, goBound),
    real(results),
    gross(results),
    plans(results),
    intervals(results),
  ];
  return all.filter((goal) => goal !== undefined);
}
