// How does a rollout file say what is compared, and how sure one must be?
import * as z from "zod";
import { GO_FACTOR, GO_MARGIN, HARM_FACTOR, HARM_MARGIN } from "../stats/defaults.ts";
import type { Margin } from "../stats/plan.ts";
import { duration, ms, type Ms } from "../units.ts";
import { durationFormat, readDuration } from "./durations.ts";
import { shown, written, type Format, type Reading } from "./reading.ts";
import { rule, type Report } from "./rule.ts";
import { UndecidedSchema } from "./steps.ts";
import { fractionFormat, readFraction } from "./weights.ts";

/** Quantile that each latency preset stands for. */
const QUANTILES = {
  "latency-p50": 0.5,
  "latency-p90": 0.9,
  "latency-p95": 0.95,
  "latency-p99": 0.99,
  "latency-p999": 0.999,
} as const;

const COUNTS = { "success-rate": "failed", "client-errors": "clientErrors" } as const;

const PRESETS = [
  "success-rate",
  "client-errors",
  "latency-p50",
  "latency-p90",
  "latency-p95",
  "latency-p99",
  "latency-p999",
] as const;

/** Margins of a preset that names none: points for rates, relative for latency. Clients' mistakes vary more by chance. */
const MARGINS = { failed: GO_MARGIN.delta, clientErrors: 0.01, latency: rounded(GO_FACTOR - 1) };

interface Common {
  readonly name: (typeof PRESETS)[number];
  /** Parts of the alarm budget, as the user wrote it; without it the default of its kind. */
  readonly weight?: number | undefined;
  /** Replicas younger than this do not count; without it the default of its kind. */
  readonly warmupMs?: Ms | undefined;
}

/** A share of requests that went wrong. */
interface RateSpec extends Common {
  readonly kind: "rate";
  readonly counts: "failed" | "clientErrors";
  readonly harm: Margin;
  readonly go: Margin;
  /** Largest share, 0…1. */
  readonly max?: number | undefined;
}

/** A quantile of the time that answers take. */
interface LatencySpec extends Common {
  readonly kind: "latency";
  readonly quantile: number;
  readonly harmFactor: number;
  readonly goFactor: number;
  readonly maxMs?: Ms | undefined;
}

/** One compared metric, as the file asks for it. */
export type MetricSpec = RateSpec | LatencySpec;

/** A fixed bound: a share for rates, a time for latencies. */
type Bound = { readonly share: number } | { readonly timeMs: Ms };

function readBound(input: unknown): Reading<Bound> {
  const share = readFraction(input, { atLeast: 0, atMost: 100 });
  if (share.ok) return { ok: true, value: { share: share.value } };
  const time = readDuration(input, { atLeast: ms(1) });
  if (time.ok) return { ok: true, value: { timeMs: time.value } };
  return {
    ok: false,
    message: `found ${shown(input)}, a bound is a percentage such as 5%, or a duration such as 500ms`,
  };
}

const BOUND: Format<Bound> = {
  read: readBound,
  pattern: String.raw`^\d.*(?:%|ms|s|m|h|d)$`,
  examples: ["5%", "500ms"],
};
const PERCENT = fractionFormat({ atLeast: 0, atMost: 1_000 });

const metricFields = z.strictObject({
  preset: z.enum(PRESETS).describe("What is measured."),
  margin: written(PERCENT)
    .optional()
    .describe("How much worse still counts as no worse: points for rates (0.5%), relative for latency (20%)."),
  tolerate: written(PERCENT).optional().describe("How much worse is never a reason to roll back. At most the margin."),
  max: written(BOUND)
    .optional()
    .describe("Roll back beyond this, whatever stable does: 5% for rates, 500ms for latency."),
  min: written(fractionFormat({ atLeast: 0, atMost: 100 }))
    .optional()
    .describe("success-rate only: roll back below this, such as 99.5%."),
  weight: z
    .number()
    .positive()
    .max(1_000)
    .optional()
    .describe("Its part of the alarm budget, beside the others' (1 where there is none)."),
  warmup: written(durationFormat()).optional().describe("Replicas younger than this do not count."),
});

type MetricFields = z.output<typeof metricFields>;

const Metric = rule(metricFields, checkMetric).transform((metric): MetricSpec => {
  const { preset, weight, warmup } = metric;
  const common = { name: preset, weight, warmupMs: warmup };
  if (preset !== "success-rate" && preset !== "client-errors")
    return { ...common, ...latency(metric, QUANTILES[preset]) };
  return { ...common, ...rate(metric, COUNTS[preset]) };
});

function rate(metric: MetricFields, counts: "failed" | "clientErrors"): Omit<RateSpec, keyof Common> {
  const { margin = MARGINS[counts], tolerate, min, max } = metric;
  const { rho, delta } = HARM_MARGIN;
  const harm = tolerate === undefined ? { rho, delta: Math.min(delta, margin) } : { rho: 1, delta: tolerate };
  const bound = max && "share" in max ? max.share : min === undefined ? undefined : rounded(1 - min);
  return { kind: "rate", counts, harm, go: { rho: 1, delta: margin }, max: bound };
}

function latency(metric: MetricFields, quantile: number): Omit<LatencySpec, keyof Common> {
  const { margin = MARGINS.latency, max } = metric;
  const tolerate = metric.tolerate ?? Math.min(rounded(HARM_FACTOR - 1), margin);
  const maxMs = max && "timeMs" in max ? max.timeMs : undefined;
  return { kind: "latency", quantile, harmFactor: rounded(1 + tolerate), goFactor: rounded(1 + margin), maxMs };
}

function checkMetric(metric: MetricFields, report: Report): void {
  const { preset, tolerate, max, min } = metric;
  const isLatency = preset in QUANTILES;
  const margin = metric.margin ?? (isLatency ? MARGINS.latency : MARGINS[COUNTS[preset as keyof typeof COUNTS]]);
  const points = (value: number) => `${Number((value * 100).toFixed(8))}%`;
  if (margin === 0)
    report(["margin"], "wrong-value", "found 0%, no evidence can show that two versions are exactly equal");
  if (!isLatency && margin > 1)
    report(["margin"], "wrong-value", `found ${points(margin)}, a rate has at most 100 points`);
  if (tolerate !== undefined && tolerate > margin) {
    report(
      ["tolerate"],
      "conflict",
      `found ${points(tolerate)}, more than the margin of ${points(margin)}: a version between the two would be worse and no worse at once`,
    );
  }
  if (max && isLatency !== "timeMs" in max) {
    const [found, right] =
      "timeMs" in max
        ? [duration(max.timeMs), "a rate is bounded by a percentage, such as 5%"]
        : [points(max.share), "a latency is bounded by a duration, such as 500ms"];
    report(["max"], "wrong-value", `found ${found}, ${right}`);
  }
  if (min !== undefined && preset !== "success-rate")
    report(["min"], "conflict", "only success-rate has a min: use max");
  if (min !== undefined && max !== undefined)
    report(["min"], "conflict", "found beside max, both bound the same: keep one");
}

/** Without the noise of floating point: 1.1 − 1 is 0.1 and not 0.10000000000000009. */
function rounded(value: number): number {
  return Number(value.toFixed(10));
}

const Metrics = rule(z.array(Metric).min(1), (metrics, report) => {
  metrics.forEach(({ name }, index) => {
    const first = metrics.findIndex((metric) => metric.name === name);
    if (first < index) report([index, "preset"], "duplicate", `found ${name} again, metrics[${first}] has it`);
  });
});

export const AnalysisSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: compare nothing. Then only steps, gates and readiness decide."),
    falseRollback: written(fractionFormat({ atLeast: 0.0001, atMost: 20 }))
      .prefault("1%")
      .describe(
        "How often a version as good as stable may be rolled back: of all rollouts, over all metrics and looks.",
      ),
    falseGo: written(fractionFormat({ atLeast: 0.0001, atMost: 50 }))
      .prefault("5%")
      .describe("How often a version at the margin may be called no worse, per judgement and metric."),
    undecided: UndecidedSchema.default("hold").describe(
      "What to do when a judgement's time is over and nothing is shown.",
    ),
    warmup: written(durationFormat()).prefault("30s").describe("Replicas younger than this do not count in latencies."),
    metrics: Metrics.prefault([{ preset: "success-rate" }, { preset: "latency-p99" }]).describe("What is compared."),
  })
  .transform(({ warmup, ...rest }) => ({ ...rest, warmupMs: warmup }));

/** The analysis, as the file asks for it. */
export type AnalysisSpec = Readonly<z.output<typeof AnalysisSchema>>;
