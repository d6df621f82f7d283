// What does an Experiment of Argo become?
import { analysisTree, type Context } from "../context.ts";
import { metadataOf } from "../metadata.ts";
import type { Part } from "../part.ts";
import { readDuration } from "../../spec/durations.ts";
import { duration } from "../../units.ts";
import type { Found } from "../source.ts";
import { seconds } from "../times.ts";
import { rolloutTree, serviceOf } from "../workload.ts";
import { from, same, type Out } from "../write.ts";
import { addTemplate, nothingMade, type Analysing } from "./analysis.ts";
import { valuesOf } from "./arguments.ts";
import { EXPERIMENT, type Experiment } from "./formats.ts";

type Spec = Part<Experiment["spec"]>;

/** Argo's own. */
const DEADLINE = 600;
/** Of each of the two, where the file says nothing of requests. */
const SHARE = "5%";

/**
 * Converts an Experiment: its first template is the Deployment, the second one what is to be tried. They stand side by side
 * for a time, judged, and nothing is promoted unless a person says so.
 */
export function convertExperiment(found: Found, context: Context): void {
  const experiment = context.known.open(found, EXPERIMENT);
  const spec = experiment?.at("spec");
  if (!experiment || !spec) return;
  experiment.at("status")?.note("the API server sets it");
  const metadata = experiment.at("metadata");
  const made = measured(spec, found, context);
  const [time, deadline] = [spec.at("duration"), spec.at("progressDeadlineSeconds")];
  const read = time && readDuration(/^\d+$/u.test(time.value) ? `${time.value}s` : time.value);
  if (read && !read.ok)
    time?.none(`found ${time.value}, which Serin cannot read as a time`, "write it as 30s, 5m or 1h");
  const { name, service } = templates(spec, found.name, context);
  spec.about(
    "users' requests decide: the new version gets a share of them and is compared with the old one, and at the end a person says whether it stays (serin promote) or goes (serin abort)",
  );
  const steps: readonly { readonly [name: string]: Out | undefined }[] = [
    {
      weight: SHARE,
      hold: read?.ok ? from(duration(read.value), time) : undefined,
      gate: "The experiment is over: abort it, or keep the new version?",
    },
  ];
  besides(spec);
  context.write({
    name: `${found.name}.rollout`,
    head: [`Rollout of the Experiment ${found.name} (Argo) in ${found.file}.`],
    tree: rolloutTree(metadata ? metadataOf(metadata, found.name) : {}, {
      workload: { deployment: { name } },
      traffic: { service: { name: service } },
      progressDeadline: from(seconds(deadline && deadline.value > 0 ? deadline.value : DEADLINE), deadline),
      strategy: { canary: { steps } },
      analysis: analysisTree(made),
      hooks: made.hooks.length > 0 ? made.hooks : undefined,
    }),
  });
}

function measured(spec: Spec, found: Found, context: Context): ReturnType<typeof nothingMade> {
  const made = nothingMade();
  const owner = { name: found.name, namespace: found.namespace, labels: {}, annotations: {}, services: [] };
  const analysing: Analysing = { context, made, owner, place: "background", runs: [] };
  const dryRuns = (spec.at("dryRun")?.take() ?? []).map(({ metricName }) => metricName);
  for (const analysis of spec.at("analyses")?.items() ?? []) {
    const { templateName, clusterScope = false } = analysis.value;
    const given = valuesOf(analysis.at("args"), owner);
    for (const field of ["name", "templateName", "clusterScope"] as const) analysis.at(field)?.take();
    analysis.at("requiredForCompletion")?.changes("the time that is said is its end, whatever was measured");
    addTemplate({ from: analysis, name: templateName, clusterScope, given, dryRuns }, analysing);
  }
  return made;
}

/** The Deployment of the first template, and the Service of its pods. */
function templates(spec: Spec, named: string, context: Context): { readonly name: Out; readonly service: Out } {
  const [first, second, ...more] = spec.at("templates")?.items() ?? [];
  for (const part of more) part.none("two versions stand side by side", "make an Experiment for each further one");
  if (!first) {
    spec.lacks("there are no templates", "add two of them");
    return { name: named, service: named };
  }
  const name = `${named}-${first.value.name}`;
  const labels = first.value.selector.matchLabels ?? {};
  const service = first.at("service");
  const called = service?.at("name")?.value ?? serviceOf(labels, context);
  context.write({
    name: `${name}.deployment`,
    head: [`Deployment ${name}: the template ${first.value.name} of the Experiment ${named} of Argo.`],
    tree: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: context.namespace },
      spec: {
        replicas: same(first.at("replicas")),
        minReadySeconds: same(first.at("minReadySeconds")),
        selector: same(first.at("selector")),
        template: same(first.at("template")),
      },
    },
  });
  first.at("name")?.take();
  service?.changes("Serin needs the Service that clients call, which selects the pods of both");
  if (called === undefined)
    first.lacks(
      "no Service in the files selects these pods, and without requests nothing is compared",
      `give its file too, or correct spec.traffic.service.name, which is ${name} now`,
    );
  if (second) tried(second, name);
  return { name, service: called ?? name };
}

function tried(second: Part<Experiment["spec"]["templates"][number]>, name: string): void {
  second.at("name")?.take();
  second
    .at("template")
    ?.changes(`it is what is tried: apply it as the template of the Deployment ${name}, and the rollout begins`);
  second.at("selector")?.changes(`the pods of both must have the labels that ${name} selects`);
  second.at("service")?.none("Serin makes no Service for it", "reach it by its pods");
  second.at("replicas")?.changes("it has as many replicas as its share needs");
  second.at("minReadySeconds")?.changes("the Deployment's own counts");
}

function besides(spec: Spec): void {
  const terminate = spec.at("terminate");
  if (terminate?.value) terminate.changes("to end it is a command: serin abort NAME");
  else terminate?.take();
  spec.at("scaleDownDelaySeconds")?.changes("a version that is taken back goes as soon as its open requests are done");
  for (const field of ["measurementRetention", "analysisRunMetadata"] as const)
    spec.at(field)?.note("there are no AnalysisRuns: what was measured stands in the journal");
}
