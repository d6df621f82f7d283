// Which documents of Argo Rollouts can be read?
import * as z from "zod";
import type { Format } from "../known.ts";
import { Metadata } from "../metadata.ts";
import { DryRun, Retention, RunMetadata, TemplateArgs, TemplateSpec } from "./analysis-fields.ts";
import { BlueGreen, Canary } from "./strategy-fields.ts";

const API_VERSION = "argoproj.io/v1alpha1";

/** Handed on as they are: what stands in them is Kubernetes' affair. */
const PodTemplate = z.looseObject({});
const Selector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z.array(z.looseObject({})).optional(),
});

const RolloutSpec = z.strictObject({
  replicas: z.int().optional(),
  selector: Selector.optional(),
  template: PodTemplate.optional(),
  workloadRef: z
    .strictObject({
      apiVersion: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().min(1),
      scaleDown: z.string().optional(),
    })
    .optional(),
  minReadySeconds: z.int().optional(),
  revisionHistoryLimit: z.int().optional(),
  progressDeadlineSeconds: z.int().optional(),
  progressDeadlineAbort: z.boolean().optional(),
  paused: z.boolean().optional(),
  restartAt: z.string().optional(),
  rollbackWindow: z.strictObject({ revisions: z.int().optional() }).optional(),
  analysis: z
    .strictObject({
      successfulRunHistoryLimit: z.int().optional(),
      unsuccessfulRunHistoryLimit: z.int().optional(),
    })
    .optional(),
  strategy: z.strictObject({ blueGreen: BlueGreen.optional(), canary: Canary.optional() }),
});

const head = <const K extends string>(kind: K) => ({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(kind),
  metadata: Metadata,
  status: z.unknown().optional(),
});

const RolloutSchema = z.strictObject({ ...head("Rollout"), spec: RolloutSpec });
const AnalysisTemplateSchema = z.strictObject({ ...head("AnalysisTemplate"), spec: TemplateSpec });
const ClusterTemplateSchema = z.strictObject({ ...head("ClusterAnalysisTemplate"), spec: TemplateSpec });

const ExperimentSchema = z.strictObject({
  ...head("Experiment"),
  spec: z.strictObject({
    templates: z.array(
      z.strictObject({
        name: z.string().min(1),
        replicas: z.int().optional(),
        minReadySeconds: z.int().optional(),
        selector: Selector,
        service: z.strictObject({ name: z.string().optional() }).optional(),
        template: PodTemplate,
      }),
    ),
    analyses: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          templateName: z.string().min(1),
          clusterScope: z.boolean().optional(),
          requiredForCompletion: z.boolean().optional(),
          args: TemplateArgs.optional(),
        }),
      )
      .optional(),
    duration: z.string().optional(),
    progressDeadlineSeconds: z.int().optional(),
    scaleDownDelaySeconds: z.int().optional(),
    terminate: z.boolean().optional(),
    dryRun: DryRun.optional(),
    measurementRetention: Retention.optional(),
    analysisRunMetadata: RunMetadata.optional(),
  }),
});

export type Rollout = z.output<typeof RolloutSchema>;
export type RolloutFields = Rollout["spec"];
export type AnalysisTemplate = z.output<typeof AnalysisTemplateSchema>;
export type ClusterAnalysisTemplate = z.output<typeof ClusterTemplateSchema>;
export type Experiment = z.output<typeof ExperimentSchema>;

export const ROLLOUT: Format<Rollout> = { apiVersion: API_VERSION, kind: "Rollout", schema: RolloutSchema };
export const ANALYSIS_TEMPLATE: Format<AnalysisTemplate> = {
  apiVersion: API_VERSION,
  kind: "AnalysisTemplate",
  schema: AnalysisTemplateSchema,
  isReferred: true,
};
export const CLUSTER_ANALYSIS_TEMPLATE: Format<ClusterAnalysisTemplate> = {
  apiVersion: API_VERSION,
  kind: "ClusterAnalysisTemplate",
  schema: ClusterTemplateSchema,
  isReferred: true,
};
export const EXPERIMENT: Format<Experiment> = { apiVersion: API_VERSION, kind: "Experiment", schema: ExperimentSchema };
