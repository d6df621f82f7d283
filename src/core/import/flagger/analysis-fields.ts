// Which fields does the analysis of a Canary have?
import * as z from "zod";
import { AnalysisMatch } from "./istio-fields.ts";

const CrossReference = z.strictObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().min(1),
  namespace: z.string().optional(),
});

const MetricFields = z.strictObject({
  name: z.string().min(1),
  interval: z.string().optional(),
  threshold: z.number().optional(),
  thresholdRange: z.strictObject({ min: z.number().optional(), max: z.number().optional() }).optional(),
  query: z.string().optional(),
  templateRef: CrossReference.optional(),
  templateVariables: z.record(z.string(), z.string()).optional(),
});

const HOOK_TYPES = [
  "",
  "rollout",
  "confirm-rollout",
  "pre-rollout",
  "confirm-promotion",
  "post-rollout",
  "event",
  "rollback",
  "confirm-traffic-increase",
] as const;

const WebhookFields = z.strictObject({
  name: z.string().min(1),
  type: z.enum(HOOK_TYPES).optional(),
  url: z.string().min(1),
  muteAlert: z.boolean().optional(),
  timeout: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  retries: z.int().optional(),
  disableTLS: z.boolean().optional(),
});

const AlertFields = z.strictObject({
  name: z.string().min(1),
  severity: z.enum(["", "info", "warn", "error"]).optional(),
  providerRef: CrossReference,
});

const AffinityFields = z.strictObject({
  cookieName: z.string().optional(),
  primaryCookieName: z.string().optional(),
  domain: z.string().optional(),
  httpOnly: z.boolean().optional(),
  maxAge: z.int().optional(),
  partitioned: z.boolean().optional(),
  path: z.string().optional(),
  sameSite: z.enum(["Strict", "Lax", "None"]).optional(),
  secure: z.boolean().optional(),
});

export const AnalysisFields = z.strictObject({
  interval: z.string().optional(),
  threshold: z.number().optional(),
  maxWeight: z.number().optional(),
  stepWeight: z.number().optional(),
  stepWeights: z.array(z.number()).optional(),
  stepWeightPromotion: z.number().optional(),
  iterations: z.number().optional(),
  mirror: z.boolean().optional(),
  mirrorWeight: z.number().optional(),
  primaryReadyThreshold: z.number().optional(),
  canaryReadyThreshold: z.number().optional(),
  match: z.array(AnalysisMatch).optional(),
  metrics: z.array(MetricFields).optional(),
  alerts: z.array(AlertFields).optional(),
  webhooks: z.array(WebhookFields).optional(),
  sessionAffinity: AffinityFields.optional(),
});

export type Analysis = z.output<typeof AnalysisFields>;
