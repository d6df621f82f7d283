// How does a canary of Argo bring the new version to its users?
import type { Part } from "../part.ts";
import { seconds } from "../times.ts";
import { from, type Out } from "../write.ts";
import { addAnalysis, type Analysing } from "./analysis.ts";
import { stepsOf, type Stepping } from "./steps.ts";
import type { CanaryFields } from "./strategy-fields.ts";
import { trafficOf, type Owned } from "./traffic.ts";

/** Argo's own. */
const SCALE_DOWN = 30;
const SURGE = "25%";
const HALF = 50;

export interface Converted {
  readonly strategy: Out;
  readonly traffic: { readonly [name: string]: Out };
}

/** Strategy and traffic of a canary; what it measures is added to what is made. */
export function canaryOf(canary: Part<CanaryFields>, owned: Owned, analysing: Analysing): Converted {
  const { traffic, matches, routed } = trafficOf(canary, owned);
  besides(canary, routed);
  const background = canary.at("analysis");
  if (background) {
    background.at("startingStep")?.changes("what is measured counts from the candidate's first request on");
    addAnalysis(background, analysing);
  }
  const steps = canary.at("steps");
  if (!steps || steps.value.length === 0) {
    steps?.take();
    return { strategy: { rolling: rollingOf(canary) }, traffic };
  }
  canary
    .at("maxUnavailable")
    ?.changes("a canary takes nothing away before the new version is there: no pod is missing");
  if (routed)
    canary.at("maxSurge")?.changes("with a router stable stays at its full size, and the canary comes beside it");
  const maxWeight = canary.at("trafficRouting")?.value.maxTrafficWeight ?? 100;
  const stepping: Stepping = { ...analysing, matches, routed, maxWeight, largest: 0 };
  const made = stepsOf(steps, stepping);
  const watch = routed ? watchOf(canary) : undefined;
  const baseline = baselineOf(canary, stepping);
  return {
    strategy: { canary: { baseline, steps: made, watch } },
    traffic,
  };
}

/** What the canary is compared with. A copy of stable gets as much as the canary, and both together at most all. */
function baselineOf(canary: Part<CanaryFields>, { baseline, largest }: Stepping): Out | undefined {
  if (!baseline) return undefined;
  if (largest <= HALF) return "same-size";
  canary.about(
    `a copy of stable cannot have ${largest}% beside the canary's: the canary is compared with the whole of stable`,
  );
  return undefined;
}

/** How long the old version stays. */
function watchOf(canary: Part<CanaryFields>): Out | undefined {
  const delay = canary.at("scaleDownDelaySeconds");
  if (canary.value.dynamicStableScale === true) {
    delay?.note("Argo does not heed it beside dynamicStableScale");
    return undefined;
  }
  const time = delay?.value ?? SCALE_DOWN;
  if (time > 0) return from(seconds(time), delay);
  delay?.take();
  return undefined;
}

function rollingOf(canary: Part<CanaryFields>): Out {
  const [surge, missing] = [canary.at("maxSurge"), canary.at("maxUnavailable")];
  return {
    maxSurge: from(surge?.value ?? SURGE, surge),
    maxUnavailable: from(missing?.value ?? SURGE, missing),
  };
}

function besides(canary: Part<CanaryFields>, routed: boolean): void {
  common(canary);
  for (const field of ["canaryMetadata", "stableMetadata"] as const)
    canary
      .at(field)
      ?.none("pods have the labels of the Deployment's template, whatever their role", "label them there");
  const dynamic = canary.at("dynamicStableScale");
  if (dynamic?.value)
    dynamic.changes(
      "stable keeps its full size until everybody has the new version, so that the way back is always open",
    );
  else dynamic?.take();
  canary
    .at("minPodsPerReplicaSet")
    ?.changes("a canary has as many replicas as its share needs: say replicas in its steps for more");
  canary.at("replicaProgressThreshold")?.changes("a share rises only into replicas that are all ready");
  if (!routed) canary.at("scaleDownDelaySeconds")?.note("Argo heeds it with a router only: left out");
}

type Common = Pick<CanaryFields, "antiAffinity" | "scaleDownDelayRevisionLimit" | "abortScaleDownDelaySeconds">;

/** Fields of both strategies. */
export function common<T extends Common>(part: Part<T>): void {
  const strategy = part as unknown as Part<Common>;
  strategy
    .at("antiAffinity")
    ?.none("Serin does not change the pods' template", "say podAntiAffinity in the Deployment's template");
  strategy.at("scaleDownDelayRevisionLimit")?.changes("one old version stays at most, for the time that is said");
  strategy
    .at("abortScaleDownDelaySeconds")
    ?.changes("a version that is taken back goes as soon as its open requests are done");
}
