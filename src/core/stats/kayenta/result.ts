// What does Kayenta's judge answer, and how is it written?
import type { Classification } from "./classify.ts";
import { doubleText } from "./decimal.ts";
import type { Stats } from "./describe.ts";

/** The verdict on one pair of series. Fields that Kayenta's JSON leaves out are `undefined`. */
export interface CanaryAnalysisResult {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly id?: string | undefined;
  readonly classification: Classification;
  readonly classificationReason?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly experimentMetadata: { readonly stats: Stats };
  readonly controlMetadata: { readonly stats: Stats };
  /** The ratio of means, NaN when one of them is 0; not there when the classification failed. */
  readonly resultMetadata?: { readonly ratio: number } | undefined;
  readonly critical: boolean;
  readonly muted: boolean;
}

/** A group's score, 0…100. The classification is always empty. */
export interface CanaryJudgeGroupScore {
  readonly name: string;
  readonly score: number;
  readonly classification: string;
  readonly classificationReason: string;
}

export type Label = "Pass" | "Marginal" | "Fail";

/** The score of all, 0…100 as long as the group weights are. */
export interface CanaryJudgeScore {
  readonly score: number;
  readonly classification: Label;
  /** Why the score is 0; empty otherwise. */
  readonly classificationReason: string;
}

/** Kayenta's answer, field by field in the order in which it writes them. */
export interface CanaryJudgeResult {
  readonly judgeName: string;
  readonly results: readonly CanaryAnalysisResult[];
  readonly groupScores: readonly CanaryJudgeGroupScore[];
  readonly score: CanaryJudgeScore;
}

/** Fields that are doubles in Kayenta: whole ones are written with `.0`, and NaN as a text. */
const DOUBLES = new Set(["score", "min", "max", "mean", "std", "ratio"]);

function written(value: unknown, key: string): string {
  if (Array.isArray(value)) return `[${value.map((each) => written(each, "")).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${written(field, name)}`).join(",")}}`;
  }
  if (typeof value !== "number" || !DOUBLES.has(key)) return JSON.stringify(value);
  return Number.isFinite(value) ? doubleText(value) : JSON.stringify(String(value));
}

/** The answer as Kayenta's JSON, on one line. */
export function resultText(result: CanaryJudgeResult): string {
  return written(result, "");
}
