// What does a metric of an AnalysisTemplate become?
import { sourceNamed, unusedName, type Analysis, type Context } from "../context.ts";
import type { Part } from "../part.ts";
import { timeOf, times } from "../times.ts";
import { metricsOf, OTHER_SHAPE, SAY_SERIES, type Bound } from "../figure.ts";
import { readFigure } from "../promql.ts";
import { from, plain, type Out } from "../write.ts";
import type { MetricFields } from "./analysis-fields.ts";
import { filled, type Owner, type Values } from "./arguments.ts";
import { boundsOf } from "./condition.ts";
import { addJob } from "./job.ts";
import { askedOf } from "./providers.ts";
import { readDuration } from "../../spec/durations.ts";
import { ms, type Ms } from "../../units.ts";

type Metric = Part<MetricFields>;

/** Sources and metrics, with the names that are taken. */
export interface Made extends Analysis {
  readonly names: string[];
  readonly known: Set<string>;
  readonly hooks: { readonly [name: string]: Out }[];
  /** Names of hooks that run a Job, by what and when. */
  readonly jobs: Map<string, string>;
}

/** Where an analysis stands: beside the steps, in one, before or after a switch. */
export type Place = "background" | "step" | "before" | "after";

/** What a metric is converted with. */
export interface Around {
  readonly place: Place;
  /** Names of the hooks that a step runs. */
  readonly runs: string[];
  readonly owner: Owner;
  readonly values: Values;
  /** The same as they are, where Services of one version are names like any other. */
  readonly given: Values;
  readonly context: Context;
  readonly made: Made;
  /** Names of metrics that decide nothing. */
  readonly dry: (name: string) => boolean;
}

/** Adds what the metric compares; how long one run of it takes is what comes back. */
export function addMetric(metric: Metric, around: Around): Ms | undefined {
  const { made, values, context } = around;
  const job = metric.at("provider")?.at("job");
  if (job && !around.dry(metric.value.name)) {
    addJob(metric, job, around);
    return undefined;
  }
  metric.at("name")?.take();
  const takes = runOf(metric, values);
  limits(metric);
  if (around.dry(metric.value.name)) {
    metric.about("a dry run decides nothing: it is left out, for what is compared here decides");
    metric.take();
    return takes;
  }
  const provider = metric.at("provider");
  const question = provider && askedOf(provider, { values, context });
  if (!question) {
    metric.take();
    return takes;
  }
  const text = filled(question.query.value, values);
  const read = text.ok ? readFigure(text.text) : undefined;
  if (!read) {
    question.query.none(text.ok ? OTHER_SHAPE : text.why, SAY_SERIES);
    metric.take();
    return takes;
  }
  const bounds = conditions(metric, values);
  const delay = metric.at("initialDelay");
  const warmup = delay && warmupOf(delay);
  const source = sourceNamed(made, question.name, question.source);
  const converted = metricsOf({ name: metric.value.name, source, query: question.query, read }, bounds);
  if (converted.ok) for (const { name, fields } of converted.metrics) add(made, name, { ...fields, warmup });
  else {
    question.query.none(converted.why, SAY_SERIES);
    metric.take();
  }
  return takes;
}

/** The same question with the same bound is asked once, whoever asks it. */
function add(made: Made, wanted: string, fields: { readonly [name: string]: Out | undefined }): void {
  const key = JSON.stringify([wanted, plain(fields)]);
  if (made.known.has(key)) return;
  made.known.add(key);
  const name = unusedName(wanted, made.names);
  made.names.push(name);
  made.metrics.push({ name, ...fields });
}

function warmupOf(delay: Part<string>): Out | undefined {
  const time = timeOf(delay);
  if (time === undefined) return undefined;
  delay.changes("replicas younger than this do not count; Argo only begins to ask so much later");
  return from(times(time, 1), delay);
}

const CHANGED =
  "beyond it the rollout is taken back once the evidence shows it; besides, the version is compared with stable, and being worse is a reason too";
const GAPS =
  /^\s*\(?(?:len\(result\)\s*==\s*0|isNaN\(result(?:\[0\])?\)|isNil\(result(?:\[0\])?\)|result\s*==\s*nil)\)?\s*\|\|\s*/u;
const DEFAULT = /default\(\s*(result(?:\[0\])?)\s*,\s*[^()]+\)/gu;

function conditions(metric: Metric, values: Values): readonly Bound[] {
  const [success, failure] = [metric.at("successCondition"), metric.at("failureCondition")];
  if (!success && !failure)
    metric.about("without a condition any value passes in Argo; Serin compares it with stable's, and more is worse");
  if (success && failure)
    metric.about("what neither condition says is inconclusive in Argo, and pauses; here it goes on");
  const of = (part: Part<string> | undefined, means: "success" | "failure"): readonly Bound[] => {
    if (!part) return [];
    const text = filled(part.value, values);
    const simple = text.ok ? text.text.replace(GAPS, "").replaceAll(DEFAULT, "$1") : "";
    const bounds = text.ok ? boundsOf(simple, means) : undefined;
    if (!bounds) {
      part.none(
        `found ${part.value}, and a bound here is one number that a figure must not pass`,
        "write max or min at the metric in spec.analysis, or let the query compute what is compared",
      );
      return [];
    }
    part.changes(text.ok && simple !== text.text ? `${CHANGED}; no data is never a pass` : CHANGED);
    return bounds.map(({ field, value }) => ({ field, value, part }));
  };
  const all = [...of(failure, "failure"), ...of(success, "success")];
  return all.filter(({ field }, index) => all.findIndex((one) => one.field === field) === index);
}

function limits(metric: Metric): void {
  metric.at("failureLimit")?.changes("there are no measurements to count: the evidence of all of them decides");
  metric
    .at("consecutiveSuccessLimit")
    ?.changes("there are no measurements to count: the evidence of all of them decides");
  metric
    .at("inconclusiveLimit")
    ?.changes("evidence that is not enough holds the rollout (analysis.undecided), and never passes");
  metric.at("consecutiveErrorLimit")?.changes("a source that cannot be read holds the rollout, and takes nothing back");
}

/** How long one run of a metric takes: from its first measurement to its last. */
function runOf(metric: Metric, values: Values): Ms | undefined {
  const [interval, count] = [metric.at("interval"), metric.at("count")];
  interval?.changes("evidence is looked at all the time; a source is asked as often as it says (every)");
  count?.changes("a judgement lasts until something is shown, and at least as long as these measurements");
  const numbers = [interval, count].map((part) => {
    if (!part) return undefined;
    const text = filled(String(part.value), values);
    return text.ok ? text.text : undefined;
  });
  const read = readDuration(numbers[0]);
  const often = Number(numbers[1] ?? Number.NaN);
  return read.ok && often > 1 ? ms((often - 1) * read.value) : undefined;
}
