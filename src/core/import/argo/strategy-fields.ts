// Which fields do Argo's two strategies have?
import * as z from "zod";
import { BackgroundAnalysis, DryRun, RolloutAnalysis, RunMetadata } from "./analysis-fields.ts";
import { TrafficRouting } from "./traffic-fields.ts";

const StringMatch = z.strictObject({
  exact: z.string().optional(),
  prefix: z.string().optional(),
  regex: z.string().optional(),
});

const PodSelector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z.array(z.looseObject({})).optional(),
});

const ExperimentAnalysis = z.strictObject({
  name: z.string().min(1),
  templateName: z.string().min(1),
  clusterScope: z.boolean().optional(),
  requiredForCompletion: z.boolean().optional(),
  args: RolloutAnalysis.shape.args,
});

const ExperimentStep = z.strictObject({
  templates: z.array(
    z.strictObject({
      name: z.string().min(1),
      specRef: z.enum(["canary", "stable"]),
      replicas: z.int().optional(),
      weight: z.int().optional(),
      metadata: RunMetadata.optional(),
      selector: PodSelector.optional(),
      service: z.strictObject({ name: z.string().optional() }).optional(),
    }),
  ),
  duration: z.string().optional(),
  analyses: z.array(ExperimentAnalysis).optional(),
  dryRun: DryRun.optional(),
  analysisRunMetadata: RunMetadata.optional(),
  scaleDownDelaySeconds: z.int().optional(),
});

export type ExperimentStepFields = z.output<typeof ExperimentStep>;

const Step = z.strictObject({
  setWeight: z.int().optional(),
  pause: z.strictObject({ duration: z.union([z.int(), z.string()]).optional() }).optional(),
  setCanaryScale: z
    .strictObject({
      replicas: z.int().optional(),
      weight: z.int().optional(),
      matchTrafficWeight: z.boolean().optional(),
    })
    .optional(),
  analysis: RolloutAnalysis.optional(),
  experiment: ExperimentStep.optional(),
  setHeaderRoute: z
    .strictObject({
      name: z.string().optional(),
      match: z.array(z.strictObject({ headerName: z.string(), headerValue: StringMatch })).optional(),
    })
    .optional(),
  setMirrorRoute: z
    .strictObject({
      name: z.string(),
      percentage: z.int().optional(),
      match: z
        .array(
          z.strictObject({
            method: StringMatch.optional(),
            path: StringMatch.optional(),
            headers: z.record(z.string(), StringMatch).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
  plugin: z.strictObject({ name: z.string(), config: z.unknown().optional() }).optional(),
});

export type StepFields = z.output<typeof Step>;

const AntiAffinity = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z.strictObject({}).optional(),
  preferredDuringSchedulingIgnoredDuringExecution: z.strictObject({ weight: z.int() }).optional(),
});

const Amount = z.union([z.int(), z.string()]).optional();
const Seconds = z.int().optional();

/** Of both. */
const common = {
  antiAffinity: AntiAffinity.optional(),
  maxUnavailable: Amount,
  scaleDownDelaySeconds: Seconds,
  scaleDownDelayRevisionLimit: z.int().optional(),
  abortScaleDownDelaySeconds: Seconds,
};

export const BlueGreen = z.strictObject({
  ...common,
  activeService: z.string().min(1),
  previewService: z.string().optional(),
  previewReplicaCount: z.int().optional(),
  autoPromotionEnabled: z.boolean().optional(),
  autoPromotionSeconds: Seconds,
  prePromotionAnalysis: RolloutAnalysis.optional(),
  postPromotionAnalysis: RolloutAnalysis.optional(),
  activeMetadata: RunMetadata.optional(),
  previewMetadata: RunMetadata.optional(),
});

export type BlueGreenFields = z.output<typeof BlueGreen>;

export const Canary = z.strictObject({
  ...common,
  canaryService: z.string().optional(),
  stableService: z.string().optional(),
  steps: z.array(Step).optional(),
  trafficRouting: TrafficRouting.optional(),
  analysis: BackgroundAnalysis.optional(),
  maxSurge: Amount,
  canaryMetadata: RunMetadata.optional(),
  stableMetadata: RunMetadata.optional(),
  dynamicStableScale: z.boolean().optional(),
  minPodsPerReplicaSet: z.int().optional(),
  pingPong: z.strictObject({ pingService: z.string(), pongService: z.string() }).optional(),
  replicaProgressThreshold: z.strictObject({ type: z.string(), value: z.int() }).optional(),
});

export type CanaryFields = z.output<typeof Canary>;
