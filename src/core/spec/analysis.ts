// How does a rollout file say what is compared, and how sure one must be?
import * as z from "zod";
import { duration, ms, type Ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { MetricSchema, type MetricSpec } from "./metrics.ts";
import { shown, written } from "./reading.ts";
import { rule, type Report } from "./rule.ts";
import { Plain } from "./workload.ts";
import { UndecidedSchema } from "./steps.ts";
import { fractionFormat } from "./weights.ts";

export type { MetricSpec } from "./metrics.ts";

const Metrics = rule(z.array(MetricSchema).min(1), (metrics, report) => {
  metrics.forEach(({ name }, index) => {
    const first = metrics.findIndex((metric) => metric.name === name);
    if (first < index) report([index, "preset"], "duplicate", `found ${name} again, metrics[${first}] has it`);
  });
});

const Score = z.number().min(0).max(100);

/** Fields of Kayenta's judge alone. */
const kayentaFields = {
  config: z
    .union([z.string().min(1), z.looseObject({})], {
      error: ({ input }) => `found ${shown(input)}, a canary configuration is a file or a map`,
    })
    .optional()
    .describe("judge: kayenta only. The canary configuration: a JSON file beside this one, or its content."),
  interval: written(durationFormat({ atLeast: ms(60_000) }))
    .optional()
    .describe("judge: kayenta only. From run to run. Default: one run, at the end of the lifetime."),
  lifetime: written(durationFormat({ atLeast: ms(60_000), atMost: ms(7 * 86_400_000) }))
    .optional()
    .describe("judge: kayenta only. How long is judged."),
  lookback: written(durationFormat())
    .optional()
    .describe("judge: kayenta only. Each run looks at the last so much time. Default: at all since the start."),
  beginAfter: written(durationFormat()).optional().describe("judge: kayenta only. So much is left out at the start."),
  step: written(durationFormat({ atLeast: ms(1_000) }))
    .optional()
    .describe("judge: kayenta only. From point to point. Default: 1m."),
  thresholds: z
    .strictObject({
      pass: Score.describe("The last run must score at least this."),
      marginal: Score.describe("A run that scores no more than this ends the canary."),
    })
    .optional()
    .describe("judge: kayenta only. Default: pass 75, marginal 50."),
  strict: z
    .boolean()
    .optional()
    .describe("judge: kayenta only. Whether a pass for lack of data is held back. Default: true."),
};

const LabelSet = z.record(z.string().min(1), Plain);

function checkAddress(text: string, context: z.core.$RefinementCtx): void {
  if (/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#@]*)?$/u.test(text)) return;
  const message = `found ${shown(text.replace(/\/\/[^@/]*@/u, "//…@"))}, an address is http:// or https://, a host and a path, without name, password or query`;
  context.addIssue({ code: "custom", message, params: { code: "wrong-value" } });
}

const AlertSchema = z
  .strictObject({
    url: z.string().superRefine(checkAddress).describe("Where alerts are read: a Prometheus or an Alertmanager."),
    api: z.enum(["prometheus", "alertmanager"]).default("prometheus").describe("Which of the two it is."),
    name: z.string().min(1).optional().describe("Only alerts of this name. Default: all."),
    labels: LabelSet.default({}).describe("Only alerts that have these labels."),
    for: written(durationFormat()).prefault("0s").describe("One that fires for less time only holds."),
    effect: z
      .enum(["hold", "rollBack"])
      .default("rollBack")
      .describe("What an alert of the canary alone does. One that is not of the canary alone holds."),
    canary: z
      .array(LabelSet)
      .default([{ role: "canary" }])
      .describe("Labels that tell an alert of the canary."),
    stable: z
      .array(LabelSet)
      .default([{ role: "stable" }])
      .describe("Labels that tell an alert of stable."),
  })
  .transform(({ for: lasting, effect, canary, stable, ...rest }) => ({
    ...rest,
    forMs: lasting,
    action: effect === "hold" ? ("hold" as const) : ("roll-back" as const),
    arms: { canary, baseline: stable },
  }));

function oneApi(alerts: readonly z.output<typeof AlertSchema>[], report: Report): void {
  alerts.forEach(({ url, api }, index) => {
    const first = alerts.findIndex((other) => other.url === url);
    if (alerts[first]?.api === api) return;
    report(
      [index, "api"],
      "conflict",
      `found ${api} at an address that alerts[${first}] takes for ${alerts[first]?.api}`,
    );
  });
}

/** Alerts of one source, as the file asks for them. */
type AlertSpec = Readonly<z.output<typeof AlertSchema>>;

const analysisFields = z.strictObject({
  enabled: z.boolean().default(true).describe("false: compare nothing. Then only steps, gates and readiness decide."),
  judge: z
    .enum(["serin", "kayenta"])
    .default("serin")
    .describe("Who judges: Serin, with a stated error rate, or Kayenta's judge as it is, with a score."),
  falseRollback: written(fractionFormat({ atLeast: 0.0001, atMost: 20 }))
    .prefault("1%")
    .describe("How often a version as good as stable may be rolled back: of all rollouts, over all metrics and looks."),
  falseGo: written(fractionFormat({ atLeast: 0.0001, atMost: 50 }))
    .prefault("5%")
    .describe("How often a version at the margin may be called no worse, per judgement and metric."),
  undecided: UndecidedSchema.default("hold").describe(
    "What to do when a judgement's time is over and nothing is shown.",
  ),
  warmup: written(durationFormat()).prefault("30s").describe("Replicas younger than this do not count in latencies."),
  metrics: Metrics.optional().describe("What is compared. Default: success-rate and latency-p99."),
  alerts: rule(z.array(AlertSchema), oneApi).default([]).describe("Alerts of others that guard the rollout."),
  ...kayentaFields,
});

type AnalysisFields = z.output<typeof analysisFields>;

const KAYENTA_ONLY = Object.keys(kayentaFields) as readonly (keyof typeof kayentaFields)[];
/** More points than anybody looks at, and than a state should hold. */
const MOST_POINTS = 5_000;

function checkJudge(analysis: AnalysisFields, report: Report): void {
  if (analysis.judge === "serin") {
    for (const field of KAYENTA_ONLY)
      if (analysis[field] !== undefined)
        report([field], "conflict", `${field} is Kayenta's: take it out, or judge: kayenta`);
    return;
  }
  if (analysis.metrics !== undefined)
    report(["metrics"], "conflict", "Kayenta's judge takes its metrics from config: take these out");
  if (analysis.config === undefined)
    report(["config"], "missing-field", "Kayenta's judge needs config: its canary configuration");
  if (analysis.lifetime === undefined)
    report(["lifetime"], "missing-field", "Kayenta's judge needs lifetime: how long is judged");
  const { thresholds, lifetime, step = ms(60_000), lookback } = analysis;
  if (thresholds && thresholds.marginal > thresholds.pass)
    report(
      ["thresholds"],
      "conflict",
      `found marginal ${thresholds.marginal} above pass ${thresholds.pass}: swap them`,
    );
  if (lifetime !== undefined && lifetime / step > MOST_POINTS)
    report(
      ["step"],
      "conflict",
      `a lifetime of ${duration(lifetime)} has more than ${MOST_POINTS} points of ${duration(step)}`,
    );
  if (lifetime !== undefined && lookback !== undefined && lookback > lifetime)
    report(["lookback"], "conflict", `found ${duration(lookback)}, longer than the lifetime of ${duration(lifetime)}`);
}

/** Kayenta's judge, as the file asks for it. A `config` that is a text names a file that has not been read yet. */
export interface KayentaSpec {
  readonly config: string | Readonly<Record<string, unknown>>;
  readonly intervalMs: Ms;
  readonly lifetimeMs: Ms;
  readonly lookbackMs: Ms;
  readonly beginAfterMs: Ms;
  readonly stepMs: Ms;
  readonly thresholds: { readonly pass: number; readonly marginal: number };
  readonly strict: boolean;
}

function kayentaOf(analysis: AnalysisFields): KayentaSpec | undefined {
  if (analysis.judge !== "kayenta") return undefined;
  const { config = "", lifetime = ms(0), interval = lifetime, lookback = ms(0), beginAfter = ms(0) } = analysis;
  const { step = ms(60_000), thresholds = { pass: 75, marginal: 50 }, strict = true } = analysis;
  return {
    config,
    intervalMs: interval,
    lifetimeMs: lifetime,
    lookbackMs: lookback,
    beginAfterMs: beginAfter,
    stepMs: step,
    thresholds,
    strict,
  };
}

const USUAL: readonly MetricSpec[] = [{ preset: "success-rate" }, { preset: "latency-p99" }].map((metric) =>
  MetricSchema.parse(metric),
);

const NEEDED = ["judge", "config", "metrics", "lifetime", "lookback", "step", "thresholds"];

export const AnalysisSchema = rule(analysisFields, checkJudge, NEEDED).transform((analysis): AnalysisSpec => {
  const { enabled, falseRollback, falseGo, undecided, warmup, metrics = USUAL } = analysis;
  const kayenta = kayentaOf(analysis);
  return {
    enabled,
    falseRollback,
    falseGo,
    undecided,
    warmupMs: warmup,
    metrics: kayenta ? [] : metrics,
    ...(analysis.alerts.length > 0 ? { alerts: analysis.alerts } : {}),
    ...(kayenta ? { kayenta } : {}),
  };
});

/** The analysis, as the file asks for it. */
export interface AnalysisSpec {
  readonly enabled: boolean;
  /** 0…1. */
  readonly falseRollback: number;
  readonly falseGo: number;
  readonly undecided: z.output<typeof UndecidedSchema>;
  readonly warmupMs: Ms;
  readonly metrics: readonly MetricSpec[];
  readonly alerts?: readonly AlertSpec[] | undefined;
  readonly kayenta?: KayentaSpec | undefined;
}
