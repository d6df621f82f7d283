// What is a metric compared by, in words?
import type { SourceSpec } from "../spec/sources.ts";
import { amount } from "../stats/figures.ts";
import type { AlertPlan, MetricPlan, MeanOf } from "../stats/plan.ts";
import { duration, ms } from "../units.ts";

type Kind = MetricPlan["kind"];
type Texts = { readonly [K in Kind]: (metric: Extract<MetricPlan, { readonly kind: K }>) => string };

export function percentText(fraction: number): string {
  return `${Number((fraction * 100).toFixed(6))}%`;
}

function points(fraction: number): string {
  const value = Number((fraction * 100).toFixed(6));
  return `${value} ${value === 1 ? "point" : "points"}`;
}

const beyond = (rho: number, delta: number): string => {
  const factor = rho === 1 ? "" : percentText(rho - 1);
  if (factor !== "" && delta === 0) return factor;
  return `${factor && `${factor} plus `}${points(delta)}`;
};

const less = (rho: number): string => percentText(1 - 1 / rho);

const TEXTS: Texts = {
  errors: ({ harm, go, counts }) => {
    const what = counts === "failed" ? "failed requests" : "requests answered with 4xx";
    return `worse beyond ${beyond(harm.rho, harm.delta)} more ${what}, no worse below ${points(go.delta)} more`;
  },
  latency: ({ harmFactor, goFactor }) =>
    `worse beyond ${percentText(harmFactor - 1)} slower, no worse below ${percentText(goFactor - 1)} slower`,
  ratio: ({ harm, go, part, whole, rest, worse }) => {
    const what = `${rest ? "not " : ""}${part} of ${whole}`;
    if (worse === "down") return `${what}: worse below ${less(harm.rho)} less, no worse above ${less(go.rho)} less`;
    return `${what}: worse beyond ${beyond(harm.rho, harm.delta)} more, no worse below ${beyond(go.rho, go.delta)} more`;
  },
  buckets: ({ histogram, harm, go }) =>
    `${histogram}: worse when ${points(harm.delta)} more are beyond a bound, no worse below ${points(go.delta)} more`,
  gauge: ({ of, worse, harm, go }) => {
    const [more, below, above] = worse === "up" ? ["more", "below", "beyond"] : ["less", "above", "below"];
    return `${meanText(of)}: worse ${above} ${percentText(harm)} ${more}, no worse ${below} ${percentText(go)} ${more}`;
  },
  leak: ({ gauge, marginPerHour, unit }) =>
    `${gauge}: worse when it grows by ${amount(marginPerHour, unit.replace(/\/h$/u, ""))} an hour more`,
  events: ({ counter, per, worse, rho }) => {
    const often = `${percentText(worse === "up" ? rho - 1 : 1 - 1 / rho)} ${worse === "up" ? "more" : "less"} often`;
    return `${counter}: worse beyond ${often} ${per === "time" ? "in a replica's time" : "per request"}`;
  },
  anomaly: ({ of, falseAlarmEveryMs }) =>
    `${meanText(of)}: leaves its usual range, by itself about once in ${duration(falseAlarmEveryMs)}`,
};

function meanText(of: MeanOf): string {
  if (of.from === "gauge") return of.name;
  if (of.from === "rate") return `${of.name} per second`;
  if (of.from === "mean") return `${of.sum} by ${of.count}`;
  if (of.from === "latency") return "the mean time of answers";
  return of.which === "all" ? "requests per second" : "answers without a failure per second";
}

/** The fixed bound of a metric; empty without one. */
export function boundText(metric: MetricPlan): string {
  if (metric.kind === "latency") return metric.maxMs === undefined ? "" : `never more than ${duration(metric.maxMs)}`;
  if (!("max" in metric) || metric.max === undefined) return "";
  if (metric.kind !== "gauge") return `never more than ${percentText(metric.max)}`;
  const text = metric.unit === "ms" ? duration(ms(metric.max)) : amount(metric.max, metric.unit);
  return `never ${metric.worse === "up" ? "more" : "less"} than ${text}`;
}

/** One line: what is worse, what is no worse, what holds whatever stable does. */
export function metricText(metric: MetricPlan): string {
  const texts: (metric: never) => string = TEXTS[metric.kind];
  const after = metric.warmupMs > 0 ? `, replicas older than ${duration(metric.warmupMs)} only` : "";
  const bound = boundText(metric);
  const holds = "effect" in metric && metric.effect === "hold";
  const effect = holds ? `; ${bound ? "the comparison only holds" : "only holds"} the rollout` : "";
  return `${metric.name}: ${texts(metric as never)}${bound && `; ${bound}`}${after}${effect}.`;
}

/** One line: who is asked under a source's name, how often, and what happens without an answer. */
export function sourceText(name: string, source: SourceSpec): string {
  const where = "url" in source && typeof source.url === "string" ? ` at ${source.url}` : "";
  return `@${name} is ${NAMES[source.kind]}${where}, asked every ${duration(source.everyMs)}; while it does not answer nothing goes on.`;
}

const NAMES: Readonly<Record<SourceSpec["kind"], string>> = {
  prometheus: "the Prometheus",
  datadog: "Datadog",
  cloudwatch: "Amazon CloudWatch",
  influxdb: "the InfluxDB",
  graphite: "the Graphite",
  newrelic: "New Relic",
  dynatrace: "the Dynatrace",
  googleCloud: "Google Cloud Monitoring",
  splunk: "the Splunk",
  json: "the page",
  command: "a command",
};

/** One line: which alerts are heeded, and what they do. */
export function alertText({ url, name, labels = {}, forMs, action }: AlertPlan): string {
  const only = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const which = [...(name === undefined ? [] : [name]), ...only].join(", ");
  const lasting = forMs > 0 ? `, firing for ${duration(ms(forMs))}` : "";
  const does = action === "hold" ? "holds" : "takes the rollout back";
  return `alerts of ${url}${which && ` (${which})`}: one of the canary alone${lasting} ${does}; any other holds.`;
}
