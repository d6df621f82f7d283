// What does a Canary of Flagger become?
import { analysisTree, type Context } from "../context.ts";
import { metadataOf } from "../metadata.ts";
import type { Part } from "../part.ts";
import type { Found } from "../source.ts";
import { seconds } from "../times.ts";
import { deploymentNamed, rolloutTree } from "../workload.ts";
import { from, type Out } from "../write.ts";
import { alertsOf } from "./alerts.ts";
import { CANARY, type Canary, type CanarySpec } from "./formats.ts";
import { metricsOf } from "./metrics.ts";
import { intervalOf, kindOf, strategyOf, type Going } from "./strategy.ts";
import { routerOf, trafficOf } from "./traffic.ts";
import { hooksOf } from "./webhooks.ts";

/** Flagger's own. */
const DEADLINE = 600;

/** As many as it takes to see what a share is. */
const NODES = 3;

/** Converts a Canary and all that it refers to. */
export function convertCanary(found: Found, context: Context): void {
  const canary = context.known.open(found, CANARY);
  const spec = canary?.at("spec");
  if (!canary || !spec) return;
  canary.at("status")?.note("the API server sets it");
  const { router, provider } = routerOf(spec, context);
  const inPlace = spec.value.targetRef.kind === "DaemonSet";
  const traffic = trafficOf(spec, { router, provider, inPlace }, context);
  const name = spec.value.service.name ?? spec.value.targetRef.name;
  const names = {
    name: found.name,
    namespace: found.namespace ?? "default",
    target: spec.value.targetRef.name,
    service: name,
    ingress: spec.value.ingressRef?.name ?? "",
    route: spec.value.routeRef?.name ?? "",
  };
  const made = metricsOf({ spec, router, names, context });
  besides(spec, context);
  const analysis = spec.at("analysis");
  const interval = analysis && intervalOf(analysis);
  const kind = kindOf(spec.value.analysis, provider);
  const threshold = thresholdOf(spec);
  const hooks = interval && hooksOf(analysis, { interval, threshold, kind, service: name, router });
  const skips = spec.at("skipAnalysis");
  const deadline = spec.at("progressDeadlineSeconds");
  const notify = [...alertsOf(analysis, context), ...(hooks?.notify ?? [])];
  context.write({
    name: `${found.name}.rollout`,
    head: [`Rollout of the Canary ${found.name} (Flagger) in ${found.file}.`],
    tree: rolloutTree(metadata(canary, found.name), {
      workload: workloadOf(spec, context),
      traffic,
      progressDeadline: from(seconds(deadline?.value ?? DEADLINE), deadline),
      strategy: strategy(spec, { kind, router, inPlace }),
      analysis: skips?.value ? { enabled: false } : analysisTree(made),
      hooks: hooks && hooks.hooks.length > 0 ? hooks.hooks : undefined,
      notify: notify.length > 0 ? notify : undefined,
    }),
  });
}

function metadata(canary: Part<Canary>, name: string): Out {
  const part = canary.at("metadata");
  return part ? metadataOf(part, name) : {};
}

function strategy(spec: Part<CanarySpec>, going: Going): Out {
  const analysis = spec.at("analysis");
  const skips = spec.at("skipAnalysis");
  const made = analysis ? strategyOf(analysis, going) : {};
  if (skips?.value !== true) {
    skips?.take();
    if (!spec.value.analysis.metrics?.length)
      analysis?.about("without metrics only hooks and readiness decide, as in Flagger: nothing is compared");
    return made;
  }
  skips.changes(
    "Flagger gives everybody the new version in one go; here pods are replaced batch by batch, and nothing is compared",
  );
  return { rolling: {} };
}

function thresholdOf(spec: Part<CanarySpec>): number {
  const part = spec.at("analysis")?.at("threshold");
  const threshold = part && part.value > 0 ? part.value : 1;
  part?.changes(
    `Flagger rolls back at ${threshold} failed ${threshold === 1 ? "check" : "checks"} of the whole run; Serin at the evidence: at most 1% of good versions are taken back (analysis.falseRollback)`,
  );
  return threshold;
}

function workloadOf(spec: Part<CanarySpec>, context: Context): Out {
  const target = spec.at("targetRef");
  const { kind = "Deployment", name, apiVersion } = spec.value.targetRef;
  const isDaemonSet = kind === "DaemonSet";
  if (kind === "Deployment" || isDaemonSet) target?.at("kind")?.take();
  else
    target
      ?.at("kind")
      ?.none(`Serin adopts Deployments, StatefulSets and DaemonSets, and no ${kind}`, "use a Deployment");
  if (apiVersion === undefined || apiVersion === "apps/v1") target?.at("apiVersion")?.take();
  else
    target
      ?.at("apiVersion")
      ?.changes(`a ${isDaemonSet ? kind : "Deployment"} is one of apps/v1, whatever ${apiVersion} is`);
  // So that the forecast knows their number.
  const replicas = isDaemonSet ? NODES : deploymentNamed(name, context)?.spec.replicas;
  if (isDaemonSet)
    target?.about(`on how many nodes it runs stands in no file: ${NODES} for the forecast; in a cluster theirs counts`);
  const port = spec.at("service")?.at("targetPort");
  const own = port && Number(port.value) > 0 ? Number(port.value) : port?.value;
  const adopted = {
    name: from(name, target?.at("name")),
    port: port && own !== undefined ? from(own, port) : undefined,
    replicas: replicas !== undefined && replicas > 0 ? replicas : undefined,
  };
  return isDaemonSet ? { daemonSet: adopted } : { deployment: adopted };
}

/** Fields of which the rollout has no part. */
function besides(spec: Part<CanarySpec>, { known, namespace }: Context): void {
  const scaler = spec.at("autoscalerRef");
  if (scaler) {
    const { kind = "HorizontalPodAutoscaler", name } = scaler.value;
    known.find({ kind, name, namespace }, /^(?:autoscaling|keda\.sh)\//u);
  }
  scaler
    ?.at("primaryScalerQueries")
    ?.note("there is no second scaler: the one that is there scales the Deployment as before");
  scaler
    ?.at("primaryScalerReplicas")
    ?.changes("there is no second scaler: its bounds belong into the one that is there");
  scaler?.note("it goes on scaling the Deployment, which is not scaled to zero here");
  for (const field of ["ingressRef", "routeRef", "upstreamRef"] as const) {
    const part = spec.at(field);
    part?.none(
      `Serin has nothing for ${part.value.kind ?? field.replace("Ref", "")} yet`,
      "use a Service, Istio or the Gateway API",
    );
  }
  spec.at("revertOnDeletion")?.note("always so: Serin takes nothing away that would have to be brought back");
  const suspend = spec.at("suspend");
  if (suspend?.value) suspend.changes("to stop for now is a command: serin pause NAME; the file does not say it");
  else suspend?.take();
}
