// What does a blue-green deployment of Argo become?
import type { Part } from "../part.ts";
import { duration, ms } from "../../units.ts";
import { seconds } from "../times.ts";
import { from, type Out } from "../write.ts";
import { addAnalysis, type Analysing } from "./analysis.ts";
import { common, type Converted } from "./canary.ts";
import type { BlueGreenFields } from "./strategy-fields.ts";

/** Argo's own. */
const SCALE_DOWN = 30;

/** Strategy and traffic of a blue-green deployment; what it measures is added to what is made. */
export function blueGreenOf(asked: Part<BlueGreenFields>, analysing: Analysing): Converted {
  common(asked);
  besides(asked);
  const active = asked.at("activeService");
  const [before, after] = [asked.at("prePromotionAnalysis"), asked.at("postPromotionAnalysis")];
  if (before) {
    before.about(
      "before the switch no user's request tells anything of the new version: what is measured guards after it, and a Job is run before it",
    );
    addAnalysis(before, { ...analysing, place: "before" });
  }
  const takes = after ? addAnalysis(after, { ...analysing, place: "after" }) : ms(0);
  const delay = asked.at("scaleDownDelaySeconds");
  const keep = Math.max((delay?.value ?? SCALE_DOWN) * 1_000, takes);
  after?.about("what is measured guards for as long as the old version stays (keepOld), and a breach switches back");
  const replicas = asked.at("previewReplicaCount");
  return {
    strategy: {
      blueGreen: {
        replicas: replicas && (replicas.value > 0 ? from(replicas.value, replicas) : undefined),
        ...promotionOf(asked),
        keepOld: from(duration(ms(keep)), delay),
      },
    },
    traffic: { service: { name: from(asked.value.activeService, active) } },
  };
}

function promotionOf(asked: Part<BlueGreenFields>): { readonly [name: string]: Out | undefined } {
  const [isAutomatic, after] = [asked.at("autoPromotionEnabled"), asked.at("autoPromotionSeconds")];
  if (isAutomatic?.value === false) {
    after?.note("Argo does not heed it while autoPromotionEnabled is false: left out");
    return { promotion: from("manual", isAutomatic) };
  }
  isAutomatic?.take();
  if (after && after.value > 0) return { hold: from(seconds(after.value), after) };
  after?.note("0 asks for nothing");
  return {};
}

function besides(asked: Part<BlueGreenFields>): void {
  asked
    .at("previewService")
    ?.none(
      "Serin points no second Service at the new version before the switch",
      "test it in a hook (at: before), or send requests with a header to it: strategy.blueGreen.preview with a router",
    );
  for (const field of ["activeMetadata", "previewMetadata"] as const)
    asked.at(field)?.none("pods have the labels of the Deployment's template, whatever their role", "label them there");
  asked.at("maxUnavailable")?.changes("all of the new version is there before the switch: no pod is missing");
  const count = asked.at("previewReplicaCount");
  if (count && count.value <= 0) count.changes("all replicas stand ready before the switch");
}
