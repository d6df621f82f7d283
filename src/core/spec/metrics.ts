// How does a rollout file say what is compared?
import * as z from "zod";
import { HARM_FACTOR, HARM_MARGIN } from "../stats/defaults.ts";
import type { Margin, MeanOf, MetricPlan } from "../stats/plan.ts";
import { duration, ms, type Ms } from "../units.ts";
import { durationFormat, readDuration } from "./durations.ts";
import { KNOWN_PRESETS, presetNamed, unknownPreset } from "./frameworks/catalogue.ts";
import { checkNames, presetOfSource, withSource } from "./metric-source.ts";
import { KINDS, KIND_NAMES, PRESET_NAMES, type Preset } from "./presets.ts";
import { shown, written, writtenOrNumber, type Format, type Reading } from "./reading.ts";
import { listed, rule, type Report } from "./rule.ts";
import { readBytes } from "./sizes.ts";
import { SourceName } from "./sources.ts";
import { fractionFormat, readFraction } from "./weights.ts";

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** One compared metric, as the file asks for it: its plan without what depends on the others. */
export type MetricSpec = Without<MetricPlan, "omega" | "warmupMs"> & {
  /** Parts of the alarm budget, as the user wrote it; without it the default of its kind. */
  readonly weight?: number | undefined;
  /** Replicas younger than this do not count; without it the default of its kind. */
  readonly warmupMs?: Ms | undefined;
};

/** A fixed bound: a share, a time, or an amount of whatever the metric counts. */
type Bound = { readonly share: number } | { readonly timeMs: Ms } | { readonly amount: number };

function readBound(input: unknown): Reading<Bound> {
  const share = readFraction(input, { atLeast: 0, atMost: 100 });
  if (share.ok) return { ok: true, value: { share: share.value } };
  const time = readDuration(input, { atLeast: ms(1) });
  if (time.ok) return { ok: true, value: { timeMs: time.value } };
  const amount = readAmount(input);
  if (amount.ok) return { ok: true, value: { amount: amount.value } };
  return {
    ok: false,
    message: `found ${shown(input)}, a bound is a percentage such as 5%, a duration such as 500ms, or for levels an amount such as 512MiB or 1.5`,
  };
}

const MOST = 1e18;

function readAmount(input: unknown): Reading<number> {
  if (typeof input === "number" && Number.isFinite(input)) return { ok: true, value: input };
  const text = typeof input === "string" && /^-?\d+(?:\.\d+)?$/u.test(input) ? Number(input) : undefined;
  if (text !== undefined) return { ok: true, value: text };
  return readBytes(input, { atLeast: 0, atMost: MOST });
}

const BOUND: Format<Bound> = {
  read: readBound,
  pattern: String.raw`^-?\d.*$`,
  examples: ["5%", "500ms", "512MiB"],
};
const AMOUNT: Format<number> = { read: readAmount, pattern: String.raw`^-?\d.*$`, examples: ["512MiB", "20"] };
const PERCENT = fractionFormat({ atLeast: 0, atMost: 1_000 });

const Series = z.string().min(1);

const metricFields = z.strictObject({
  preset: z
    .enum(KNOWN_PRESETS, { error: ({ input }) => unknownPreset(input) })
    .optional()
    .describe("What is measured: a metric that Serin knows, also by a framework's own page: spring-boot:errors."),
  kind: z.enum(KIND_NAMES).optional().describe("For a metric of your own: what its values are. It needs a name."),
  name: z.string().min(1).optional().describe("What texts call it. Default: the preset's name."),
  source: SourceName.optional().describe(
    "Which of analysis.sources tells its series. Default: the replicas' own metrics page.",
  ),
  query: z
    .string()
    .min(1)
    .max(10_000)
    .optional()
    .describe("A question in the source's own language, one number per role: {{role}} or {{pool}} stand in it."),
  series: Series.optional().describe('The service\'s own series, by a selector such as orders_total{kind="web"}.'),
  good: Series.optional().describe("For shares: the counter of what went right."),
  bad: Series.optional().describe("For shares: the counter of what went wrong."),
  total: Series.optional().describe("For shares: the counter of everything. For means: how often was measured."),
  per: z.enum(["time", "requests"]).optional().describe("For events: what they are counted per."),
  worse: z.enum(["up", "down", "either"]).optional().describe("In which direction it is worse."),
  unit: z.string().max(20).optional().describe("What its values are counted in, for texts."),
  quantile: written(fractionFormat({ atLeast: 1, atMost: 99.99 }))
    .optional()
    .describe("For histograms: the part of the values that is shown, such as 99%."),
  margin: written(PERCENT)
    .optional()
    .describe("How much worse still counts as no worse: points for shares (0.5%), relative otherwise (20%)."),
  tolerate: written(PERCENT).optional().describe("How much worse is never a reason to roll back. At most the margin."),
  max: writtenOrAmount(BOUND)
    .optional()
    .describe("Roll back beyond this, whatever stable does: 5% for shares, 500ms for latency, 512MiB for memory."),
  min: writtenOrAmount(BOUND)
    .optional()
    .describe("Roll back below this: 99.5% for success-rate, an amount for levels of which less is worse."),
  perHour: writtenOrAmount(AMOUNT).optional().describe("For growth: so much more per hour than stable is no reason."),
  limit: writtenOrAmount(AMOUNT).optional().describe("For growth: where it ends, to say how long that takes."),
  falseAlarmEvery: written(durationFormat({ atLeast: ms(600_000) }))
    .optional()
    .describe("For anomalies: mean time between two false alarms."),
  effect: z
    .enum(["rollBack", "hold"])
    .optional()
    .describe("What being worse does: take the rollout back, or only keep it from going on."),
  weight: z
    .number()
    .positive()
    .max(1_000)
    .optional()
    .describe("Its part of the alarm budget, beside the others' (1 where there is none)."),
  warmup: written(durationFormat()).optional().describe("Replicas younger than this do not count."),
});

type Fields = z.output<typeof metricFields>;

function writtenOrAmount<T>(format: Format<T>): z.ZodType<T, string | number> {
  return writtenOrNumber({ ...format }, z.number());
}

export const MetricSchema = rule(metricFields, checkMetric).transform((fields): MetricSpec => {
  const preset = presetOf(fields);
  const made = preset && MAKE[preset.kind];
  if (!made) throw new Error("a metric without a preset passed its check");
  const name = fields.name ?? fields.preset ?? "";
  const sourced = presetOfSource(preset, fields.source);
  const made_ = (made as (fields: Fields, preset: Preset) => MetricSpec)(withSource(fields), sourced);
  return { ...made_, name, weight: fields.weight, warmupMs: fields.warmup };
});

function presetOf({ preset, kind }: Fields): Preset | undefined {
  if (preset !== undefined) return presetNamed(preset);
  return kind === undefined ? undefined : KINDS[kind];
}

type Maker = {
  readonly [K in Preset["kind"]]: (fields: Fields, preset: Extract<Preset, { readonly kind: K }>) => Made<K>;
};
type Made<K extends Preset["kind"]> = Without<Extract<MetricPlan, { readonly kind: K }>, "omega" | "warmupMs" | "name">;

const told = (fields: Fields, preset: Preset): { unit: string; effect: "rollBack" | "hold" } => ({
  unit: fields.unit ?? preset.unit,
  effect: fields.effect ?? (fields.weight === undefined ? preset.effect : "rollBack"),
});

/** `worse` may say `either` for anomalies only; the check has seen to that. */
const direction = ({ worse }: Fields, preset: "up" | "down"): "up" | "down" =>
  worse === undefined || worse === "either" ? preset : worse;

/** A counter by its name: labels may follow, a question of somebody's own is none. */
const COUNTER = /^(?:@\S+ (?!= ))?[\w:.]+(?:_total|_count)$/u;

const MAKE: Maker = {
  errors: ({ margin, tolerate, min, max }, preset) => {
    const go = margin ?? preset.margin;
    const { rho, delta } = HARM_MARGIN;
    const harm = tolerate === undefined ? { rho, delta: Math.min(delta, go) } : { rho: 1, delta: tolerate };
    const least = min && "share" in min ? rounded(1 - min.share) : undefined;
    const bound = max && "share" in max ? max.share : least;
    return { kind: "errors", counts: preset.counts, harm, go: { rho: 1, delta: go }, max: bound };
  },
  latency: ({ margin, tolerate, max }, { quantile, margin: usual }) => {
    const go = margin ?? usual;
    const harm = tolerate ?? Math.min(rounded(HARM_FACTOR - 1), go);
    const maxMs = max && "timeMs" in max ? max.timeMs : undefined;
    return { kind: "latency", quantile, harmFactor: rounded(1 + harm), goFactor: rounded(1 + go), maxMs };
  },
  ratio: (fields, preset) => {
    const worse = direction(fields, preset.worse);
    const part = fields.good ?? fields.bad ?? preset.part ?? "";
    // Of what went right, less is worse; seldom things are looked at as they are, others by what went wrong.
    const isRest = fields.good !== undefined || (fields.bad === undefined && preset.rest === true);
    const rest = worse === "up" && isRest;
    const { harm, go } = worse === "up" ? points(fields, preset) : relative(fields, preset);
    const max = fields.max && "share" in fields.max && worse === "up" ? fields.max.share : undefined;
    const whole = fields.total ?? preset.whole ?? "";
    return {
      ...told(fields, preset),
      kind: "ratio",
      words: preset.words,
      gates: preset.gates ?? true,
      part,
      whole,
      rest,
      worse,
      harm,
      go,
      max,
    };
  },
  buckets: (fields, preset) => {
    const quantile = fields.quantile ?? 0.99;
    const harm = { rho: 1, delta: fields.tolerate ?? preset.tolerate };
    const go = { rho: 1, delta: fields.margin ?? preset.margin };
    return {
      ...told(fields, preset),
      kind: "buckets",
      histogram: fields.series ?? preset.histogram ?? "",
      quantile,
      harm,
      go,
    };
  },
  gauge: (fields, preset) => {
    const worse = direction(fields, preset.worse);
    const bound = worse === "up" ? fields.max : fields.min;
    const go = fields.margin ?? preset.margin;
    const harm = fields.tolerate ?? Math.min(preset.tolerate, go);
    return {
      ...told(fields, preset),
      kind: "gauge",
      of: meanOf(fields, preset),
      worse,
      harm,
      go,
      max: amountOf(bound),
    };
  },
  leak: (fields, preset) => ({
    ...told(fields, preset),
    kind: "leak",
    gauge: fields.series ?? "process.memory",
    marginPerHour: fields.perHour ?? 32 * 1024 ** 2,
    limit: fields.limit,
  }),
  events: (fields, preset) => ({
    ...told(fields, preset),
    kind: "events",
    counter: fields.series ?? preset.counter ?? "",
    per: fields.per ?? preset.per,
    bursts: preset.bursts,
    worse: direction(fields, preset.worse),
    rho: rounded(1 + (fields.tolerate ?? preset.tolerate)),
  }),
  anomaly: (fields, preset) => ({
    ...told(fields, preset),
    kind: "anomaly",
    of: { from: COUNTER.test(fields.series ?? "") ? "rate" : "gauge", name: fields.series ?? "" },
    worse: fields.worse ?? "either",
    falseAlarmEveryMs: fields.falseAlarmEvery ?? ms(7 * 86_400_000),
  }),
};

function points({ margin, tolerate }: Fields, preset: Preset): { harm: Margin; go: Margin } {
  const go = margin ?? preset.margin;
  const harm = tolerate === undefined ? { ...HARM_MARGIN, delta: Math.min(HARM_MARGIN.delta, go) } : undefined;
  // A share that is large anyway differs by more than points: a tenth of it is allowed besides.
  const rho = margin === undefined ? HARM_MARGIN.rho : 1;
  return { harm: harm ?? { rho: 1, delta: tolerate ?? 0 }, go: { rho, delta: go } };
}

/** A tenth less than the baseline: the baseline's share is at most 1 / 0.9 of the canary's. */
function relative({ margin, tolerate }: Fields, preset: Preset): { harm: Margin; go: Margin } {
  const least = (part: number): Margin => ({ rho: rounded(1 / (1 - Math.min(part, 0.99))), delta: 0 });
  const go = margin ?? preset.margin;
  return { harm: least(tolerate ?? Math.min(preset.tolerate, go)), go: least(go) };
}

function meanOf({ series, total, kind }: Fields, preset: Extract<Preset, { kind: "gauge" }>): MeanOf {
  if (preset.of?.from === "mean")
    return { from: "mean", sum: series ?? preset.of.sum, count: total ?? preset.of.count };
  if (kind === "mean") return { from: "mean", sum: series ?? "", count: total ?? "" };
  if (series === undefined && preset.of) return preset.of;
  const as = preset.of?.from === "rate" ? "rate" : preset.as;
  return { from: as ?? "gauge", name: series ?? "" };
}

function amountOf(bound: Bound | undefined): number | undefined {
  if (bound === undefined) return undefined;
  if ("amount" in bound) return bound.amount;
  return "share" in bound ? bound.share : bound.timeMs;
}

/** Without the noise of floating point: 1.1 − 1 is 0.1 and not 0.10000000000000009. */
function rounded(value: number): number {
  return Number(value.toFixed(10));
}

/** Fields that only some kinds have; the others all have. */
const ONLY: Readonly<Partial<Record<keyof Fields, readonly Preset["kind"][]>>> = {
  series: ["buckets", "gauge", "leak", "events", "anomaly"],
  good: ["ratio"],
  bad: ["ratio"],
  per: ["events"],
  worse: ["ratio", "gauge", "events", "anomaly"],
  unit: ["ratio", "buckets", "gauge", "leak", "events", "anomaly"],
  quantile: ["buckets"],
  margin: ["errors", "latency", "ratio", "buckets", "gauge"],
  tolerate: ["errors", "latency", "ratio", "buckets", "gauge", "events"],
  max: ["errors", "latency", "ratio", "gauge"],
  perHour: ["leak"],
  limit: ["leak"],
  falseAlarmEvery: ["anomaly"],
  effect: ["ratio", "buckets", "gauge", "leak", "events", "anomaly"],
};

function checkMetric(fields: Fields, report: Report): void {
  const preset = presetOf(fields);
  if (fields.preset !== undefined && fields.kind !== undefined)
    return report(["kind"], "conflict", "found beside preset, a preset has its kind: keep one");
  if (!preset) {
    const own = `one of preset or kind must be here: a preset (${PRESET_NAMES.slice(0, 3).join(", ")} …), or a kind (${listed(KIND_NAMES, "or")}) with a name`;
    return report(["preset"], "missing-field", own);
  }
  if (fields.kind !== undefined && fields.name === undefined)
    report(["name"], "missing-field", "name is missing. What texts call a metric of your own.");
  const called = fields.preset ?? fields.kind ?? "";
  for (const [field, kinds] of Object.entries(ONLY)) {
    if (fields[field as keyof Fields] === undefined || kinds.includes(preset.kind)) continue;
    report([field], "conflict", `${called} has no ${field}: take it out`);
  }
  checkNames(fields, preset, report);
  checkSources(fields, preset, report);
  checkMargins(fields, preset, report);
  checkBounds(fields, preset, report);
}

function checkSources(fields: Fields, preset: Preset, report: Report): void {
  const called = fields.preset ?? fields.kind ?? "";
  const missing = (field: string, why: string): void =>
    report([field], "missing-field", `${called} needs ${field}: ${why}`);
  if (preset.needs.includes("series") && fields.series === undefined && fields.query === undefined)
    missing("series", "the name of a series that the service tells");
  if (preset.kind === "ratio") {
    const parts = [fields.good, fields.bad].filter((part) => part !== undefined).length;
    // A preset that has counters of its own may keep either.
    const fewest = preset.part === undefined ? 1 : 0;
    if (parts < fewest || parts > 1) report(["good"], "missing-field", `${called} needs good or bad, one of them`);
    if (preset.whole === undefined && fields.total === undefined) missing("total", "the counter of everything");
    if (fields.bad !== undefined && direction(fields, preset.worse) === "down")
      report(["bad"], "conflict", "found bad where less is worse: name what went right as good");
  } else if (fields.total !== undefined && fields.kind !== "mean" && !isMean(preset)) {
    report(["total"], "conflict", `${called} has no total: take it out`);
  }
  if (fields.kind === "mean" && fields.total === undefined) missing("total", "how often was measured");
  if (fields.worse === "either" && preset.kind !== "anomaly")
    report(["worse"], "wrong-value", "found either, only anomalies go both ways: up or down");
  if (fields.effect === "hold" && fields.weight !== undefined)
    report(["weight"], "conflict", "found beside effect: hold, what only holds has no part of the alarm budget");
}

function isMean(preset: Preset): boolean {
  return preset.kind === "gauge" && preset.of?.from === "mean";
}

const pointsText = (value: number): string => `${Number((value * 100).toFixed(8))}%`;

function checkMargins(fields: Fields, preset: Preset, report: Report): void {
  const { tolerate } = fields;
  const isShare = preset.unit === "share";
  const margin = fields.margin ?? preset.margin;
  if (fields.margin === 0)
    report(["margin"], "wrong-value", "found 0%, no evidence can show that two versions are exactly equal");
  if (isShare && margin > 1) {
    const what = preset.kind === "errors" ? "a rate" : "a share";
    report(["margin"], "wrong-value", `found ${pointsText(margin)}, ${what} has at most 100 points`);
  }
  if (tolerate !== undefined && preset.kind !== "events" && tolerate > margin) {
    report(
      ["tolerate"],
      "conflict",
      `found ${pointsText(tolerate)}, more than the margin of ${pointsText(margin)}: a version between the two would be worse and no worse at once`,
    );
  }
}

function boundText(bound: Bound): string {
  if ("timeMs" in bound) return duration(bound.timeMs);
  return "share" in bound ? pointsText(bound.share) : String(bound.amount);
}

function checkBounds(fields: Fields, preset: Preset, report: Report): void {
  const { max, min } = fields;
  const isShare = preset.kind === "errors" || preset.kind === "ratio";
  if (max && isShare && !("share" in max))
    report(["max"], "wrong-value", `found ${boundText(max)}, a rate is bounded by a percentage, such as 5%`);
  if (max && "share" in max && preset.kind === "gauge" && preset.unit !== "")
    report(["max"], "wrong-value", `found ${boundText(max)}, a level is bounded by an amount, such as 512MiB or 1.5`);
  if (max && preset.kind === "latency" && !("timeMs" in max))
    report(["max"], "wrong-value", `found ${boundText(max)}, a latency is bounded by a duration, such as 500ms`);
  if (min === undefined) return;
  const worse = "worse" in preset ? preset.worse : undefined;
  const goesDown = preset.kind === "gauge" && direction(fields, worse === "down" ? "down" : "up") === "down";
  const called = fields.preset;
  if (called !== "success-rate" && !goesDown) report(["min"], "conflict", "only success-rate has a min: use max");
  else if (max !== undefined) report(["min"], "conflict", "found beside max, both bound the same: keep one");
  else if (called === "success-rate" && !("share" in min))
    report(["min"], "wrong-value", `found ${boundText(min)}, a rate is bounded by a percentage, such as 99.5%`);
}
