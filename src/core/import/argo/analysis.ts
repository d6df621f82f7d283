// What is measured where a rollout of Argo asks for an analysis?
import type { Context } from "../context.ts";
import { metadataOfReferred } from "../metadata.ts";
import type { AnyPart, Part } from "../part.ts";
import { ms, type Ms } from "../../units.ts";
import type { AnalysisRef } from "./analysis-fields.ts";
import { ofVersion, together, valuesOf, type Owner, type Values } from "./arguments.ts";
import { ANALYSIS_TEMPLATE, CLUSTER_ANALYSIS_TEMPLATE } from "./formats.ts";
import { addMetric, type Made, type Place } from "./metric.ts";

/** What an analysis is converted with. */
export interface Analysing {
  readonly context: Context;
  readonly owner: Owner;
  readonly made: Made;
  readonly place: Place;
  /** Names of the hooks that a step runs. */
  readonly runs: string[];
}

/** An empty one. */
export function nothingMade(): Made {
  return { sources: {}, metrics: [], names: [], known: new Set(), hooks: [], jobs: new Map() };
}

/** Adds what an analysis compares; how long it takes at least is what comes back. */
export function addAnalysis(analysis: Part<AnalysisRef>, analysing: Analysing): Ms {
  const given = valuesOf(analysis.at("args"), analysing.owner);
  for (const field of ["measurementRetention", "analysisRunMetadata"] as const)
    analysis.at(field)?.note("there are no AnalysisRuns: what was measured stands in the journal");
  const dryRuns = (analysis.at("dryRun")?.take() ?? []).map(({ metricName }) => metricName);
  const templates = analysis.at("templates")?.items() ?? [];
  if (templates.length === 0) analysis.lacks("there are no templates", "add templates");
  const taken = templates.map((template) => {
    template.take();
    const { templateName, clusterScope = false } = template.value;
    return addTemplate({ from: template, name: templateName, clusterScope, given, dryRuns }, analysing);
  });
  return ms(Math.max(0, ...taken));
}

interface Use {
  readonly from: AnyPart;
  readonly name: string;
  readonly clusterScope: boolean;
  readonly given: Values;
  readonly dryRuns: readonly string[];
  /** Templates that lead here, so that a circle ends. */
  readonly through?: readonly string[];
}

/** Adds the metrics of one template, and of those that it lists. */
export function addTemplate(use: Use, analysing: Analysing): Ms {
  const { context, owner, made, place, runs } = analysing;
  const { name, clusterScope, through = [] } = use;
  const format = clusterScope ? CLUSTER_ANALYSIS_TEMPLATE : ANALYSIS_TEMPLATE;
  const namespace = clusterScope ? undefined : context.namespace;
  const found = context.known.find({ kind: format.kind, name, namespace }, /^argoproj\.io\//u);
  if (!found) {
    use.from.none(`no ${format.kind} ${name} is in the given files`, "give its file too");
    return ms(0);
  }
  const template = clusterScope
    ? context.known.open(found, CLUSTER_ANALYSIS_TEMPLATE)
    : context.known.open(found, ANALYSIS_TEMPLATE);
  const spec = template?.at("spec");
  if (!template || !spec || through.includes(name)) return ms(0);
  metadataOfReferred(template.at("metadata"));
  template.at("status")?.note("the API server sets it");
  const given = together(valuesOf(spec.at("args"), owner), use.given);
  const values = ofVersion(given, owner.services);
  spec.at("measurementRetention")?.note("there are no AnalysisRuns: what was measured stands in the journal");
  const dryRuns = [...use.dryRuns, ...(spec.at("dryRun")?.take() ?? []).map(({ metricName }) => metricName)];
  const dry = (metric: string): boolean => dryRuns.some((pattern) => matches(pattern, metric));
  const taken = (spec.at("metrics")?.items() ?? []).map(
    (metric) => addMetric(metric, { values, given, context, made, dry, place, runs, owner }) ?? 0,
  );
  const more = (spec.at("templates")?.items() ?? []).map((other) => {
    other.take();
    const { templateName, clusterScope: isCluster = false } = other.value;
    const next = { ...use, from: other, name: templateName, clusterScope: isCluster, dryRuns };
    return addTemplate({ ...next, through: [...through, name] }, analysing);
  });
  return ms(Math.max(0, ...taken, ...more));
}

/** Argo takes it for a regular expression. */
function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(name);
  } catch {
    return pattern === name;
  }
}
