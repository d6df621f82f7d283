// Which score do all metrics get together?
import type { Classification } from "./classify.ts";
import { roundHalfUp } from "./decimal.ts";
import type { CanaryAnalysisResult, CanaryJudgeGroupScore, CanaryJudgeScore, Label } from "./result.ts";
import { groupOrder, mapOrder } from "./scala-order.ts";

/** Scores from which on the whole is called a pass, or marginal. */
export interface Thresholds {
  readonly pass: number;
  readonly marginal: number;
}

/** Weights of groups in per cent, in the order of the configuration. Nothing keeps them from 100 in sum, or above 0. */
export type GroupWeights = ReadonlyMap<string, number>;

/** What of a metric's verdict the score is made of. */
export type Scored = Pick<
  CanaryAnalysisResult,
  "classification" | "classificationReason" | "groups" | "critical" | "muted"
>;

export interface Scores {
  readonly groupScores: readonly CanaryJudgeGroupScore[];
  readonly score: CanaryJudgeScore;
}

/** From this share of metrics without data on, in per cent, the score is 0. */
const MOST_WITHOUT_DATA = 50;

/** What counts in a group. Metrics without data and failed ones are in neither count. */
const COUNTED: ReadonlySet<Classification> = new Set(["Pass", "High", "Low", "NodataFailMetric"]);

/** A group's score; `undefined` when nothing in it counts. */
function groupScore(labels: readonly Classification[]): number | undefined {
  const counted = labels.filter((label) => COUNTED.has(label));
  const passed = counted.filter((label) => label === "Pass");
  return counted.length === 0 ? undefined : (passed.length / counted.length) * 100;
}

/** Scores of all groups; a metric in several groups counts in each, one in none nowhere. */
export function groupScores(results: readonly Scored[]): ReadonlyMap<string, number | undefined> {
  const labels = new Map<string, Classification[]>();
  for (const { groups = [], classification } of results) {
    for (const group of groups) labels.set(group, [...(labels.get(group) ?? []), classification]);
  }
  return new Map(groupOrder([...labels.keys()]).map((name) => [name, groupScore(labels.get(name) ?? [])] as const));
}

/** The weighted sum. What the named groups leave of 100 is shared by the others, also when less than nothing is left. */
function weightedSum(scores: ReadonlyMap<string, number | undefined>, weights: GroupWeights): number {
  const named = mapOrder([...weights.keys()]).reduce((sum, name) => sum + (weights.get(name) ?? 0), 0);
  const others = [...scores.keys()].filter((name) => !weights.has(name)).length;
  const share = others > 0 ? (100 - named) / others : 0;
  let sum = 0;
  for (const [name, own] of scores) sum += (own ?? 100) * ((weights.get(name) ?? share) / 100);
  return roundHalfUp(sum, 2);
}

function failureOf(results: readonly Scored[]): string | undefined {
  const critical = results.find((result) => result.critical && result.classification !== "Pass");
  if (critical) return `Canary Failed: ${critical.classificationReason}`;
  const without = results.filter(({ classification }) => classification === "Nodata").length;
  return (without / results.length) * 100 >= MOST_WITHOUT_DATA
    ? `Canary Failed: ${MOST_WITHOUT_DATA}% or more metrics returned NODATA`
    : undefined;
}

function labelOf(score: number, { pass, marginal }: Thresholds): Label {
  if (score >= pass) return "Pass";
  return score >= marginal ? "Marginal" : "Fail";
}

/** Scores the results, muted ones aside. A critical failure, or half of the metrics without data, makes the score 0. */
export function scoreOf(
  results: readonly Scored[],
  rule: { readonly weights: GroupWeights; readonly thresholds: Thresholds },
): Scores {
  const heard = results.filter(({ muted }) => !muted);
  const groups = groupScores(heard);
  const failure = failureOf(heard);
  const total = failure === undefined ? weightedSum(groups, rule.weights) : 0;
  return {
    groupScores: [...groups].map(([name, value]) => ({
      name,
      score: value ?? 0,
      classification: "",
      classificationReason: "",
    })),
    score: {
      score: total,
      classification: labelOf(total, rule.thresholds),
      classificationReason: failure ?? "",
    },
  };
}
