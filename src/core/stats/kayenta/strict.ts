// What of a pass rests on data that were not there?
import { DEVIATIONS } from "./classify.ts";
import type { JudgeRequest, MetricSetPair } from "./request.ts";
import type { CanaryAnalysisResult, CanaryJudgeResult } from "./result.ts";
import { groupScores } from "./score.ts";
import type { NanStrategy } from "./transform.ts";

/** One way in which something passes only because data are missing. */
type LackKind =
  /** Nothing that counts was judged. */
  | "nothing-judged"
  /** A group in which nothing counts: its score is taken for 100. */
  | "group-without-data"
  /** A metric whose comparison failed: it is left out. */
  | "metric-failed"
  /** A metric without data: it is left out. */
  | "metric-without-data"
  /** An empty side that passes, because missing points count as 0. */
  | "passed-empty"
  /** Missing points that were counted as 0. */
  | "counted-as-zero"
  /** One point a side, the same one. */
  | "identical-point"
  /** So few points that no difference can reach the confidence level. */
  | "too-few-to-tell"
  /** Fewer points than Spinnaker asks for without a warning. */
  | "few-points";

/** A way in which something passes, and the metric or the group that does. */
export interface Lack {
  readonly kind: LackKind;
  readonly metric?: string | undefined;
  readonly group?: string | undefined;
  /** A sentence for people. */
  readonly text: string;
}

/** Below this many points a side, Spinnaker warns. */
const FEW_POINTS = 50;

/** Whether even complete separation of m and n points stays within the confidence bounds of the normal approximation. */
function cannotTell(m: number, n: number): boolean {
  return (m * n) / 2 - 0.5 < DEVIATIONS * Math.sqrt((m * n * (m + n + 1)) / 12);
}

/** A metric's name with its tags: `cpu {zone=a}`. */
export function nameOf({ name, tags }: Pick<CanaryAnalysisResult, "name" | "tags">): string {
  const shown = Object.entries(tags ?? {}).map(([tag, value]) => `${tag}=${value}`);
  return shown.length === 0 ? name : `${name} {${shown.join(", ")}}`;
}

/** How the points of a metric that passed are too few. */
function fewPoints(metric: string, m: number, n: number): Lack | undefined {
  const points = `${metric} passed with ${m} canary and ${n} baseline points`;
  if (m === 0 || n === 0) {
    return { kind: "passed-empty", metric, text: `${points}: with nanStrategy replace a side without points passes.` };
  }
  if (m === 1 && n === 1) {
    return { kind: "identical-point", metric, text: `${points}, which says nothing about either version.` };
  }
  if (cannotTell(m, n)) {
    const text = `${points}: so few reach the 98 % level never, only sides that do not overlap at all are told apart.`;
    return { kind: "too-few-to-tell", metric, text };
  }
  if (Math.min(m, n) >= FEW_POINTS) return undefined;
  return { kind: "few-points", metric, text: `${points}, fewer than ${FEW_POINTS} a side.` };
}

function missing(values: readonly number[]): number {
  return values.filter((value) => Number.isNaN(value)).length;
}

/** What one metric's verdict owes to missing data. */
function lacksOf(result: CanaryAnalysisResult, pair: MetricSetPair, nan: NanStrategy): readonly Lack[] {
  const metric = nameOf(result);
  const { classification } = result;
  if (classification === "Error") {
    const text = `${metric} could not be compared and is left out, as if it did not exist.`;
    return [{ kind: "metric-failed", metric, text }];
  }
  if (classification === "Nodata") {
    const text = `${metric} has no data and is left out; mustHaveData would count it as failed.`;
    return [{ kind: "metric-without-data", metric, text }];
  }
  if (classification !== "Pass") return [];
  const lacks: Lack[] = [];
  const [canary, baseline] = [missing(pair.experiment), missing(pair.control)];
  if (nan === "replace" && canary + baseline > 0) {
    const of = `${canary} of ${pair.experiment.length} canary and ${baseline} of ${pair.control.length} baseline points`;
    lacks.push({ kind: "counted-as-zero", metric, text: `${metric} passed with ${of} missing, each counted as 0.` });
  }
  const few = fewPoints(metric, result.experimentMetadata.stats.count, result.controlMetadata.stats.count);
  return few ? [...lacks, few] : lacks;
}

/**
 * Everything in an answer that passes only for lack of data, in the order of the metrics, groups first. Muted metrics do
 * not count, and neither do those that deviated. Empty when the answer rests on data alone.
 */
export function lacksIn(request: JudgeRequest, { results }: CanaryJudgeResult): readonly Lack[] {
  const heard = results.filter(({ muted }) => !muted);
  if (heard.length === 0)
    return [{ kind: "nothing-judged", text: "No metric was judged: there is none, or all are muted." }];
  const groups = [...groupScores(heard)].filter(([, score]) => score === undefined);
  return [
    ...groups.map(([group]): Lack => {
      const text = `The group ${group} has no metric that could be compared, and counts as 100.`;
      return { kind: "group-without-data", group, text };
    }),
    ...results.flatMap((result, index) => {
      const pair = request.pairs[index];
      const settings = request.metrics.find(({ name }) => name === result.name)?.settings;
      return result.muted || !pair || !settings ? [] : lacksOf(result, pair, settings.nan);
    }),
  ];
}
