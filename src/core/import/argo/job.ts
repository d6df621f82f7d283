// What does a metric become that is a Job?
import { plainName, unusedName } from "../context.ts";
import type { Part } from "../part.ts";
import { VERSION } from "../promql.ts";
import { readDuration } from "../../spec/durations.ts";
import { duration, ms } from "../../units.ts";
import { from, plain, type Out } from "../write.ts";
import type { MetricFields, ProviderFields } from "./analysis-fields.ts";
import { filled, type Values } from "./arguments.ts";
import type { Around } from "./metric.ts";

type Job = Part<NonNullable<ProviderFields["job"]>>;
type Metric = Part<MetricFields>;

/** A schedule that a CronJob must have, though it is suspended and only its template is used. */
const NEVER = "0 0 1 1 *";
const LONGEST = ms(3_600_000);
const USUAL = ms(600_000);
/** Between two runs where the file names no interval. */
const SELDOM = ms(3_600_000);
const LONGEST_NAME = 52;

/** Adds a hook that runs the Job, and writes a CronJob that holds its template. */
export function addJob(metric: Metric, job: Job, around: Around): void {
  const { made } = around;
  others(metric);
  const [spec, labels] = [job.at("spec"), job.at("metadata")];
  const text = deepFilled(job.value.spec, around.given);
  if (!spec) return void metric.take();
  if (typeof text === "string") {
    spec.none(text, "write the hook yourself: spec.hooks with job");
    return void metric.take();
  }
  if (JSON.stringify(deepFilled(job.value.spec, around.values)) !== JSON.stringify(text))
    job.about("it names a Service of one version: see what Services there are when it runs");
  const when = whenOf(metric, around);
  said(metric, when);
  const key = JSON.stringify([metric.value.name, plain(text.value), when.fields]);
  const known = made.jobs.get(key);
  const name = known ?? unusedName(plainName(metric.value.name), [...made.jobs.values()]);
  if (around.place === "step") around.runs.push(name);
  spec.changes(`it is written as a suspended CronJob, whose template a hook runs: ${when.text}`);
  if (known !== undefined) return void labels?.take();
  made.jobs.set(key, name);
  const cronJob = cronJobNamed(`${around.owner.name}-${name}`);
  made.hooks.push({ name, ...when.fields, job: { cronJob }, timeout: timeoutOf(spec.value) });
  around.context.write({
    name: `${cronJob}.cronjob`,
    head: [`CronJob ${cronJob}: the Job of the metric ${metric.value.name}. Suspended: only the hook ${name} runs it.`],
    tree: {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: cronJob, namespace: around.context.namespace },
      spec: {
        schedule: NEVER,
        suspend: true,
        jobTemplate: { metadata: labels && from(labels.value as Out, labels), spec: from(text.value, spec) },
      },
    },
  });
}

function cronJobNamed(name: string): string {
  const short = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/gu, "-")
    .slice(0, LONGEST_NAME);
  return short.replaceAll(/^-+|-+$/gu, "");
}

function timeoutOf(spec: unknown): string {
  const { activeDeadlineSeconds: most } = spec as { readonly activeDeadlineSeconds?: unknown };
  return duration(ms(typeof most === "number" && most > 0 ? Math.min(most * 1_000, LONGEST) : USUAL));
}

/** A metric with a Job has no second provider. */
function others(metric: Metric): void {
  const provider = metric.at("provider");
  for (const name of Object.keys(provider?.value ?? {}) as (keyof ProviderFields)[])
    if (name !== "job") provider?.at(name)?.none("a metric has one provider", "keep one of them");
}

function said(metric: Metric, { text }: When): void {
  metric.at("name")?.take();
  for (const field of ["successCondition", "failureCondition"] as const)
    metric.at(field)?.changes("a Job succeeds or fails, and nothing else is asked");
  metric.at("initialDelay")?.changes("it runs when its moment has come");
  metric.at("consecutiveErrorLimit")?.changes("a Job that cannot be started counts as one that failed");
  for (const field of ["count", "failureLimit", "inconclusiveLimit", "consecutiveSuccessLimit"] as const)
    metric.at(field)?.changes(`it runs ${text}; one that fails takes the rollout back`);
}

interface When {
  readonly fields: { readonly [name: string]: string };
  readonly text: string;
}

function whenOf(metric: Metric, { place, values }: Around): When {
  const interval = metric.at("interval");
  const text = interval && filled(interval.value, values);
  const read = readDuration(text?.ok ? text.text : undefined);
  const every = duration(read.ok ? ms(Math.max(1_000, read.value)) : SELDOM);
  const isRepeated = place === "after" || (place === "background" && interval !== undefined);
  const when: When = isRepeated
    ? { fields: { at: "during", every }, text: `every ${every} while the candidate gets requests` }
    : place === "step"
      ? { fields: { at: "step" }, text: "once, in its step" }
      : { fields: { at: "before" }, text: "once, before the candidate gets a request" };
  if (interval && isRepeated) interval.take();
  else interval?.changes(`it runs ${when.text}`);
  return when;
}

/** The value with arguments filled into its texts, or why they cannot be. */
function deepFilled(value: unknown, values: Values): { readonly value: Out } | string {
  let why: string | undefined;
  const fill = (one: unknown): Out => {
    if (Array.isArray(one)) return (one as readonly unknown[]).map(fill);
    if (typeof one === "object" && one !== null)
      return Object.fromEntries(Object.entries(one).map(([name, below]) => [name, fill(below)]));
    if (typeof one !== "string") return one as Out;
    const text = filled(one, values);
    if (!text.ok) why ??= text.why;
    else if (text.text.includes(VERSION))
      why ??=
        "it names the candidate's pods: the Job finds the candidate in $SERIN_CANDIDATE, and Serin's Service of the canary";
    else return text.text === one.trim() ? one : text.text;
    return one;
  };
  const made = fill(value);
  return why ?? { value: made };
}
