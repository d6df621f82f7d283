// How does a rollout file say what is compared, and how sure one must be?
import * as z from "zod";
import { duration, ms, type Ms } from "../units.ts";
import { Address, checkConnection, connectionFields, type Connection } from "./connection.ts";
import { signalsOf } from "../plan/metric-signals.ts";
import { durationFormat } from "./durations.ts";
import { checkAgainstSources, noSource } from "./metric-source.ts";
import { SourcesSchema, type SourceSpec } from "./sources.ts";
import { MetricSchema, type MetricSpec } from "./metrics.ts";
import { shown, written } from "./reading.ts";
import { exactlyOne, type IsWrong, rule, ruleAmid, type Report } from "./rule.ts";
import { Plain } from "./plain.ts";
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

type AlertFields = Connection & {
  readonly url?: string | undefined;
  readonly source?: string | undefined;
  readonly api: string;
};

function checkAlert(alert: AlertFields, report: Report): void {
  exactlyOne(alert, ["url", "source"], report);
  if (alert.source === undefined) return checkConnection({ ...alert, url: alert.url ?? "" }, report);
  const named = ["basic", "bearer", "headers", "tls"] as const;
  for (const field of named)
    if (alert[field] !== undefined)
      report([field], "conflict", "found beside source, which says how it is reached: take it out");
  if (alert.api === "alertmanager")
    report(["api"], "conflict", "found alertmanager beside source, which is a Prometheus: give its url");
}

const AlertSchema = rule(
  z
    .strictObject({
      url: Address.optional().describe("Where alerts are read: a Prometheus or an Alertmanager."),
      source: z
        .string()
        .min(1)
        .optional()
        .describe("Instead of url: the one of analysis.sources that evaluates the rules."),
      ...connectionFields,
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
    .meta({ oneOf: [{ required: ["url"] }, { required: ["source"] }] }),
  checkAlert,
).transform(({ for: lasting, effect, canary, stable, ...rest }) => ({
  ...rest,
  forMs: lasting,
  action: effect === "hold" ? ("hold" as const) : ("roll-back" as const),
  arms: { canary, baseline: stable },
}));

const papersOf = ({ basic, bearer, headers, tls }: Connection): string => JSON.stringify([basic, bearer, headers, tls]);

function oneApi(alerts: readonly z.output<typeof AlertSchema>[], report: Report): void {
  alerts.forEach((alert, index) => {
    const { url, api } = alert;
    if (url === undefined) return;
    const first = alerts.findIndex((other) => other.url === url);
    const other = alerts[first];
    if (other && papersOf(alert) !== papersOf({}) && papersOf(alert) !== papersOf(other))
      report(
        [index],
        "conflict",
        `found other headers or certificates at the address of alerts[${first}]: say them there`,
      );
    if (other?.api === api) return;
    report([index, "api"], "conflict", `found ${api} at an address that alerts[${first}] takes for ${other?.api}`);
  });
}

/** Alerts of one source, as the file asks for them. */
export type AlertSpec = Readonly<Omit<z.output<typeof AlertSchema>, "source" | "url">> & { readonly url: string };

/** With the address of the source that it names; one that does not exist was reported. */
function alertOf({ source, url, ...rest }: z.output<typeof AlertSchema>, sources: Sources): AlertSpec {
  const named = source === undefined ? undefined : sources[source];
  if (named?.kind !== "prometheus") return { ...rest, url: url ?? "" };
  const { basic, bearer, headers, tls } = named;
  const papers = { basic, bearer, headers, tls };
  const said = Object.entries(papers).filter(([, value]) => value !== undefined);
  return { ...rest, url: named.url, ...Object.fromEntries(said) };
}

type Sources = Readonly<Record<string, SourceSpec>>;

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
  sources: SourcesSchema.default({}).describe("Where metrics are read that others keep, by a name of your own."),
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

function checkMetrics({ sources, metrics = [], alerts }: AnalysisFields, report: Report, isWrong: IsWrong): void {
  if (typeof sources !== "object" || sources === null || !Array.isArray(metrics)) return;
  // Alerts that are wrong themselves are named elsewhere.
  const used = Array.isArray(alerts) ? alerts.flatMap((alert) => alert?.source ?? []) : [];
  const namesOf = (metric: MetricSpec): readonly string[] => signalsOf(metric).map(({ name }) => name);
  checkAgainstSources({ metrics, sources, used, namesOf, isWrong }, report);
}

function checkAlerts({ sources, alerts }: AnalysisFields, report: Report): void {
  alerts.forEach(({ source }, index) => {
    if (source === undefined) return;
    const path = ["alerts", index, "source"];
    const named = Object.hasOwn(sources, source) ? sources[source] : undefined;
    if (!named) return report(path, "wrong-value", noSource(source, sources));
    if (named.kind === "prometheus") return;
    report(path, "wrong-value", `found ${source}, a source of ${named.kind}: alerts are read of a Prometheus`);
  });
}

const USUAL: readonly MetricSpec[] = [{ preset: "success-rate" }, { preset: "latency-p99" }].map((metric) =>
  MetricSchema.parse(metric),
);

const NEEDED = ["judge", "config", "metrics", "lifetime", "lookback", "step", "thresholds"];

const Analysis = rule(ruleAmid(rule(analysisFields, checkJudge, NEEDED), checkMetrics), checkAlerts, [
  "sources",
  "alerts",
]);

export const AnalysisSchema = Analysis.transform((analysis): AnalysisSpec => {
  const { enabled, falseRollback, falseGo, undecided, warmup, metrics = USUAL } = analysis;
  const kayenta = kayentaOf(analysis);
  return {
    enabled,
    falseRollback,
    falseGo,
    undecided,
    warmupMs: warmup,
    metrics: kayenta ? [] : metrics,
    ...(analysis.alerts.length > 0 ? { alerts: analysis.alerts.map((alert) => alertOf(alert, analysis.sources)) } : {}),
    ...(Object.keys(analysis.sources).length > 0 ? { sources: analysis.sources } : {}),
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
  /** Where figures are read that others keep, by the file's name for it. */
  readonly sources?: Sources | undefined;
  readonly kayenta?: KayentaSpec | undefined;
}
