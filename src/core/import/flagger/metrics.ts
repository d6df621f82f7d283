// What does a Canary measure, and what is compared of it?
import type { Context, Analysis as Made } from "../context.ts";
import { sourceNamed } from "../context.ts";
import { metadataOfReferred } from "../metadata.ts";
import type { AnyPart, Part } from "../part.ts";
import { metricsOf as metricsOfQuestion, OTHER_SHAPE, SAY_SERIES, type Bound } from "../figure.ts";
import { readFigure } from "../promql.ts";
import { from, type Out } from "../write.ts";
import type { Analysis } from "./analysis-fields.ts";
import { METRIC_TEMPLATE, type CanarySpec } from "./formats.ts";
import { prometheusAt, sourceOf } from "./provider.ts";
import { errorsOf, slowOf } from "./requests.ts";
import { filledQuery, type Names } from "./template.ts";
import type { Router } from "./traffic.ts";

type Metric = NonNullable<Analysis["metrics"]>[number];

/** Flagger's own, of its flag. */
const PROMETHEUS = "http://prometheus:9090";
/** The label by which the usual scrapes name the pod, as Flagger has it. */
const POD: Readonly<Record<Router, string>> = {
  istio: "pod",
  service: "kubernetes_pod_name",
  gateway: "kubernetes_pod_name",
};
const USUAL_INTERVAL = "1m";

interface Around {
  readonly spec: Part<CanarySpec>;
  readonly router: Router;
  readonly names: Omit<Names, "interval" | "variables">;
  readonly context: Context;
}

/** Sources and metrics of a Canary. */
export function metricsOf(around: Around): Made {
  const made: Made = { sources: {}, metrics: [] };
  const list = around.spec.at("analysis")?.at("metrics");
  const server = around.spec.at("metricsServer");
  for (const metric of list?.items() ?? []) {
    const name = metric.value.name;
    const isBuiltin = name === "request-success-rate" || name === "request-duration";
    metric.at("name")?.take();
    // As Flagger does: a template or a query makes any name one's own.
    if (metric.value.templateRef) ofTemplate(metric, made, around);
    else if (isBuiltin) builtin(metric, made, around);
    else if (metric.value.query !== undefined) ofQuery(metric, made, around);
    else {
      metric.none(`${name} is no metric of Flagger's own, and has neither templateRef nor query`, "add templateRef");
      metric.take();
    }
  }
  if (server) server.note("the built-in metrics and those with a query of their own are read there");
  return made;
}

function serverOf(part: AnyPart, { spec, context }: Around): Out {
  const server = spec.at("metricsServer");
  if (server) return from(server.value.replace(/\/+$/u, ""), server);
  const given = context.options.prometheus;
  if (given === undefined)
    part.about(
      `Flagger's flag -metrics-server says where; ${PROMETHEUS} is its default. serin import --prometheus says another`,
    );
  return given ?? PROMETHEUS;
}

function builtin(metric: Part<Metric>, made: Made, around: Around): void {
  const source = sourceNamed(made, "prometheus", prometheusAt(serverOf(metric, around), POD[around.router]));
  metric.at("templateVariables")?.note("only a template heeds it: left out");
  metric.at("query")?.note("Flagger does not heed it for a metric of its own: left out");
  metric
    .at("interval")
    ?.changes("all requests since the candidate's first one count, not those of the last interval alone");
  const isErrors = metric.value.name === "request-success-rate";
  const bounds = boundsOf(metric, isErrors ? "min" : "max");
  made.metrics.push(isErrors ? errorsOf(around.router, source, bounds) : slowOf(around.router, source, bounds));
}

function boundsOf(metric: Part<Metric>, which: "min" | "max"): Bound | undefined {
  const [range, threshold] = [metric.at("thresholdRange"), metric.at("threshold")];
  if (range) threshold?.note("Flagger does not heed it beside thresholdRange: left out");
  const other = range?.at(which === "min" ? "max" : "min");
  other?.none(
    which === "min" ? "a rate of successes that is too high is no fault" : "a duration that is too short is no fault",
    "take it out",
  );
  const part = range ? range.at(which) : threshold;
  if (range && Object.keys(range.value).length === 0) range.take();
  if (!part) return undefined;
  part.changes(
    "beyond it the rollout is taken back as soon as the evidence shows it, whatever stable does; besides, the version is compared with stable",
  );
  return { field: which, value: part.value, part };
}

function ofQuery(metric: Part<Metric>, made: Made, around: Around): void {
  metric.at("templateVariables")?.note("only a template heeds it: left out");
  const query = metric.at("query");
  const source = () => sourceNamed(made, "prometheus", prometheusAt(serverOf(metric, around), POD[around.router]));
  if (query) question({ metric, query, source }, made, around);
}

function ofTemplate(metric: Part<Metric>, made: Made, around: Around): void {
  const reference = metric.at("templateRef");
  metric.at("query")?.note("Flagger does not heed it beside templateRef: left out");
  const { known, namespace } = around.context;
  const found =
    reference &&
    known.find(
      { kind: METRIC_TEMPLATE.kind, name: reference.value.name, namespace: reference.value.namespace ?? namespace },
      /^flagger\.app\//u,
    );
  if (!reference || !found) {
    reference?.none(`no MetricTemplate ${reference.value.name} is in the given files`, "give its file too");
    metric.take();
    return;
  }
  reference.take();
  const template = known.open(found, METRIC_TEMPLATE);
  const spec = template?.at("spec");
  // What is wrong with it was said.
  if (!template || !spec) return void metric.take();
  metadataOfReferred(template.at("metadata"));
  template.at("status")?.note("the API server sets it");
  const provider = spec.at("provider");
  const source = provider && sourceOf(provider);
  const query = spec.at("query");
  if (source === undefined || !query) {
    query?.take();
    return void metric.take();
  }
  question({ metric, query, source: () => sourceNamed(made, found.name, source) }, made, around);
}

interface Asked {
  readonly metric: Part<Metric>;
  readonly query: Part<string>;
  readonly source: () => string;
}

const BEYOND =
  "beyond it the rollout is taken back once the evidence shows it; besides, the version is compared with stable, and being worse is a reason too";

function question({ metric, query, source }: Asked, made: Made, { names }: Around): void {
  const [interval, variables] = [metric.at("interval"), metric.at("templateVariables")];
  interval?.changes("all that was measured since the candidate's first request counts, not the last interval alone");
  variables?.take();
  const filled = filledQuery(query.value, {
    ...names,
    interval: interval?.value ?? USUAL_INTERVAL,
    variables: variables?.value ?? {},
  });
  const read = "query" in filled ? readFigure(filled.query) : undefined;
  if (!read) {
    query.none("strange" in filled ? `found ${filled.strange}, which Serin does not know` : OTHER_SHAPE, SAY_SERIES);
    return void metric.take();
  }
  const converted = metricsOfQuestion({ name: metric.value.name, source: source(), query, read }, rangeOf(metric));
  if (converted.ok) made.metrics.push(...converted.metrics.map(({ name, fields }) => Object.assign({ name }, fields)));
  else {
    query.none(converted.why, SAY_SERIES);
    metric.take();
  }
}

function rangeOf(metric: Part<Metric>): readonly Bound[] {
  const [range, threshold] = [metric.at("thresholdRange"), metric.at("threshold")];
  if (range) threshold?.note("Flagger does not heed it beside thresholdRange: left out");
  const [max, min] = [range ? range.at("max") : threshold, range?.at("min")];
  for (const part of [max, min]) part?.changes(BEYOND);
  if (range && !max && !min) range.take();
  if (!max && !min) metric.about("without a threshold any value passes in Flagger; Serin compares it with stable's");
  return [
    ...(max ? [{ field: "max" as const, value: max.value, part: max }] : []),
    ...(min ? [{ field: "min" as const, value: min.value, part: min }] : []),
  ];
}
