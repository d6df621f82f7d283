// What does Kayenta's judge say of these metrics?
import { classify } from "./classify.ts";
import { statsOf } from "./describe.ts";
import type { JudgeRequest, MetricConfig, MetricSetPair } from "./request.ts";
import type { CanaryAnalysisResult, CanaryJudgeResult } from "./result.ts";
import { scoreOf } from "./score.ts";
import { prepared } from "./transform.ts";

/** The judge whose answers these are. */
const JUDGE_NAME = "NetflixACAJudge-v1.0";

function judgePair(pair: MetricSetPair, { groups, settings }: MetricConfig): CanaryAnalysisResult {
  const experiment = prepared(pair.experiment, settings);
  const control = prepared(pair.control, settings);
  const found = classify({ name: pair.name, settings }, { experiment, control });
  return {
    name: pair.name,
    tags: pair.tags,
    id: pair.id,
    classification: found.classification,
    classificationReason: found.reason,
    groups,
    experimentMetadata: { stats: statsOf(experiment) },
    controlMetadata: { stats: statsOf(control) },
    resultMetadata: found.ratio === undefined ? undefined : { ratio: found.ratio },
    critical: found.critical,
    muted: settings.muted,
  };
}

/**
 * Judges every pair of series and scores them together, as Kayenta's NetflixACAJudge-v1.0 does on the same input.
 * Throws a RangeError for a pair whose metric has no configuration, which a request that was read cannot hold.
 */
export function judge(request: JudgeRequest): CanaryJudgeResult {
  const results = request.pairs.map((pair) => {
    const metric = request.metrics.find(({ name }) => name === pair.name);
    if (!metric) throw new RangeError(`no configuration for the metric ${pair.name}`);
    return judgePair(pair, metric);
  });
  return { judgeName: JUDGE_NAME, results, ...scoreOf(results, request) };
}
