// What does a Rollout of Argo become?
import { analysisTree, type Context } from "../context.ts";
import { metadataOf } from "../metadata.ts";
import type { Part } from "../part.ts";
import type { Found } from "../source.ts";
import { seconds } from "../times.ts";
import { rolloutTree } from "../workload.ts";
import { from, type Out } from "../write.ts";
import { nothingMade, type Analysing } from "./analysis.ts";
import { blueGreenOf } from "./blue-green.ts";
import { canaryOf, type Converted } from "./canary.ts";
import { adoptedOf } from "./deployment.ts";
import { ROLLOUT, type Rollout, type RolloutFields } from "./formats.ts";

/** Argo's own. */
const DEADLINE = 600;
const MOST_REVISIONS = 20;

/** Converts a Rollout and all that it refers to. */
export function convertRollout(found: Found, context: Context): void {
  const rollout = context.known.open(found, ROLLOUT);
  const spec = rollout?.at("spec");
  const strategy = spec?.at("strategy");
  if (!rollout || !spec || !strategy) return;
  rollout.at("status")?.note("the API server sets it");
  mention(ownerOf(rollout, found).services, spec.value, context);
  const { deployment, labels } = adoptedOf(spec, found.name, context);
  const made = nothingMade();
  const analysing: Analysing = { context, made, owner: ownerOf(rollout, found), place: "background", runs: [] };
  const [blueGreen, canary] = [strategy.at("blueGreen"), strategy.at("canary")];
  if (blueGreen && canary) canary.none("one strategy brings a version to its users", "keep one of them");
  const owned = { name: found.name, labels, context };
  const converted = blueGreen ? blueGreenOf(blueGreen, analysing) : canary && canaryOf(canary, owned, analysing);
  if (!converted) {
    strategy.none("neither canary nor blueGreen is there", "add one of them");
    for (const part of [rollout.at("metadata"), spec]) part?.take();
    return;
  }
  if (made.metrics.length === 0)
    strategy.about(
      "nothing is measured that can be compared: only steps, hooks and readiness decide (analysis.enabled: false)",
    );
  write(
    { rollout, spec, converted: withoutJudges(converted, made.metrics.length > 0), deployment, made, found },
    context,
  );
}

function ownerOf({ value }: Part<Rollout>, { name, namespace }: Found): Analysing["owner"] {
  const { labels = {}, annotations = {} } = value.metadata;
  const { canary, blueGreen } = value.spec.strategy;
  const services = [canary?.canaryService, canary?.stableService, blueGreen?.activeService, blueGreen?.previewService];
  return { name, namespace, labels, annotations, services };
}

/** Whatever is named, and is read or not. */
function mention(services: Analysing["owner"]["services"], { strategy }: RolloutFields, { known }: Context): void {
  const { virtualService, virtualServices = [], destinationRule } = strategy.canary?.trafficRouting?.istio ?? {};
  const named = (kind: string, name: string | undefined) => (name === undefined ? undefined : { kind, name });
  known.mention([
    ...services.map((name) => named("Service", name)),
    ...[virtualService, ...virtualServices].map((one) => named("VirtualService", one?.name)),
    named("DestinationRule", destinationRule?.name),
  ]);
}

/** A judgement needs something to compare. Without that its time is held instead. */
function withoutJudges(converted: Converted, isCompared: boolean): Converted {
  if (isCompared) return converted;
  const strategy = converted.strategy as {
    readonly canary?: { readonly steps: readonly StepTree[] } & { [name: string]: Out };
  };
  if (!strategy.canary) return converted;
  const steps = strategy.canary.steps.flatMap(({ judge, ...step }): StepTree[] => {
    const { atLeast } = (judge ?? {}) as { readonly atLeast?: Out };
    const rest = { ...step, hold: step.hold ?? atLeast };
    return Object.values(rest).some((value) => value !== undefined) ? [rest] : [];
  });
  return { ...converted, strategy: { canary: { ...strategy.canary, steps } } };
}

type StepTree = { readonly [name: string]: Out | undefined };

interface Parts {
  readonly rollout: Part<Rollout>;
  readonly spec: Part<RolloutFields>;
  readonly converted: Converted;
  readonly deployment: Out;
  readonly made: ReturnType<typeof nothingMade>;
  readonly found: Found;
}

function write({ rollout, spec, converted, deployment, made, found }: Parts, context: Context): void {
  besides(spec);
  const deadline = spec.at("progressDeadlineSeconds");
  const history = spec.at("revisionHistoryLimit");
  const metadata = rollout.at("metadata");
  context.write({
    name: `${found.name}.rollout`,
    head: [`Rollout of the Rollout ${found.name} (Argo) in ${found.file}.`],
    tree: rolloutTree(metadata ? metadataOf(metadata, found.name) : {}, {
      workload: { deployment },
      traffic: converted.traffic,
      progressDeadline: from(seconds(deadline && deadline.value > 0 ? deadline.value : DEADLINE), deadline),
      strategy: converted.strategy,
      analysis: analysisTree(made),
      hooks: made.hooks.length > 0 ? made.hooks : undefined,
      revisionHistory: history && from(Math.max(1, Math.min(MOST_REVISIONS, history.value)), history),
    }),
  });
}

function besides(spec: Part<RolloutFields>): void {
  const [abort, paused] = [spec.at("progressDeadlineAbort"), spec.at("paused")];
  const deadline = spec.at("progressDeadlineSeconds");
  const text = "a version that is not ready in time is taken back; Argo only says so";
  if (abort?.value === false) abort.changes(text);
  else if (abort) abort.take();
  else if (deadline) deadline.changes(text);
  else spec.about(`${text} (after ${seconds(DEADLINE)})`);
  const history = spec.at("revisionHistoryLimit");
  if (history && (history.value < 1 || history.value > MOST_REVISIONS))
    history.changes(`from 1 to ${MOST_REVISIONS} revisions are kept, so that one can go back`);
  if (paused?.value) paused.changes("to stop for now is a command: serin pause NAME; the file does not say it");
  else paused?.take();
  spec
    .at("restartAt")
    ?.none("a restart is no part of a rollout", "kubectl rollout restart, or another annotation in the template");
  spec.at("rollbackWindow")?.changes("serin undo goes back to what was stable before at once, however long ago");
  spec.at("analysis")?.note("there are no AnalysisRuns: what was measured stands in the journal");
}
