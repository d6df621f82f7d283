// What does a rehearsal show, in plain words?
import type { RehearsalView } from "../../api/contract.ts";
import { count, share } from "../../core/stats/figures.ts";
import type { IconName } from "../parts/icon.tsx";

export type Scenario = RehearsalView["scenarios"][number];

/** What one of a service and one of a release have in common. */
export type AnyScenario = Pick<Scenario, "name" | "about" | "fault" | "runs" | "endings" | "fates" | "failed">;

/** Of so large a share a worse version counts as caught, and of so small a share as missed. */
const CAUGHT = 0.9;
const MISSED = 0.1;

const isOf = (fault: Scenario["fault"]) => (scenario: AnyScenario) => scenario.fault === fault && scenario.runs > 0;

/** `12 of 20`. */
export const outOf = (runs: number, of: number): string => `${count(runs)} of ${count(of)}`;

/** What was found of a version or a release, sentence by sentence; only what was rehearsed counts. */
export function findings(scenarios: readonly AnyScenario[], what = "version"): readonly string[] {
  const bad = scenarios.filter(isOf("bad"));
  const back = ({ fates }: AnyScenario): number => fates?.back.share ?? 0;
  const named = (those: readonly AnyScenario[]): string =>
    those.map(({ about, fates, runs }) => `${about} (${outOf(fates?.back.runs ?? 0, runs)})`).join("; ");
  const always = bad.filter((one) => back(one) === 1);
  const nearly = bad.filter((one) => back(one) >= CAUGHT && back(one) < 1);
  const missed = bad.filter((one) => back(one) <= MISSED);
  const sometimes = bad.filter((one) => back(one) > MISSED && back(one) < CAUGHT);
  return [
    ...(always.length > 0 ? [`Taken back every time when ${always.map(({ about }) => about).join("; ")}.`] : []),
    ...(nearly.length > 0 ? [`Taken back nearly every time when ${named(nearly)}.`] : []),
    ...(sometimes.length > 0 ? [`Taken back only sometimes when ${named(sometimes)}.`] : []),
    ...(missed.length > 0
      ? [`Not detected when ${named(missed)}: no metric sees that, or there is too little traffic or time to show it.`]
      : []),
    ...scenarios.filter(isOf("good")).flatMap((one) => falseAlarms(one, what)),
    ...blameless(scenarios.filter(isOf("nobody")), what),
  ];
}

function falseAlarms({ fates, runs }: AnyScenario, what: string): readonly string[] {
  if (!fates) return [];
  const { back, held } = fates;
  const stays = held.runs > 0 ? `; ${outOf(held.runs, runs)} waited for a person` : "";
  return [
    `A ${what} as good as the old one was taken back in ${outOf(back.runs, runs)}: a false alarm in at most ${share(back.interval[1])}, 95% sure${stays}.`,
  ];
}

function blameless(scenarios: readonly AnyScenario[], what: string): readonly string[] {
  if (scenarios.length === 0) return [];
  const runs = scenarios.reduce((sum, scenario) => sum + scenario.runs, 0);
  const back = scenarios.reduce((sum, { fates }) => sum + (fates?.back.runs ?? 0), 0);
  return [
    `When everything had a bad time, which was not the ${what}'s fault, it was taken back in ${outOf(back, runs)}.`,
  ];
}

/** Whether it went as it should, with a shape. */
export function judged({ fault, fates }: AnyScenario): { readonly icon: IconName; readonly word: string } | undefined {
  if (!fates || fault === undefined) return undefined;
  const { back } = fates;
  if (fault !== "bad")
    return back.runs === 0 ? { icon: "check", word: "no false alarm" } : { icon: "warn", word: "false alarms" };
  if (back.share >= CAUGHT) return { icon: "check", word: "caught" };
  return { icon: "warn", word: back.share <= MISSED ? "not detected" : "caught sometimes" };
}

/** The ending that came most, with how long that took and what it cost: its median, and its 95 % quantile. */
export function usualEnd({
  endings,
}: AnyScenario):
  | { readonly ending: Scenario["endings"][number]["ending"]; readonly timeMs: Pair; readonly harm: Pair }
  | undefined {
  const most = endings.toSorted((a, b) => b.runs - a.runs)[0];
  if (!most) return undefined;
  return { ending: most.ending, timeMs: pairOf(most.timeMs), harm: pairOf(most.harm) };
}

/** Of quantiles: the median, and the 95 % one. */
export function pairOf(quantiles: readonly number[]): Pair {
  return [quantiles[MEDIAN] ?? 0, quantiles[NEARLY_ALL] ?? 0];
}

type Pair = readonly [median: number, nearlyAll: number];

/** Places of the quantiles in an answer: 5, 25, 50, 75, 95 and 100 %. */
const [MEDIAN, NEARLY_ALL] = [2, 4];

/** One point of how the chance to be caught grows with what is wrong. */
export interface Step {
  readonly label: string;
  readonly share: number;
  readonly interval: readonly [low: number, high: number];
  readonly said: string;
}

/** Scenarios that differ in how much is wrong, by the number in their names. */
export function stepsOf(scenarios: readonly Scenario[], family: "errors" | "slower"): readonly Step[] {
  return scenarios.flatMap(({ name = "", fates, runs }) => {
    const amount = name.startsWith(`${family}-`) ? name.slice(family.length + 1) : undefined;
    if (amount === undefined || !fates) return [];
    const { back } = fates;
    const label = family === "errors" ? `+${amount}%` : `×${amount}`;
    return [{ label, share: back.share, interval: back.interval, said: `${label}: ${outOf(back.runs, runs)}` }];
  });
}
