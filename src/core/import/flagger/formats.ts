// Which documents of Flagger can be read?
import * as z from "zod";
import type { Format } from "../known.ts";
import { Metadata } from "../metadata.ts";
import { AnalysisFields } from "./analysis-fields.ts";
import { CorsPolicy, Headers, Retries, RouteMatch, TrafficPolicy } from "./istio-fields.ts";

const API_VERSION = "flagger.app/v1beta1";

const Texts = z.record(z.string(), z.string());
const List = z.array(z.string());

const reference = <const K extends readonly [string, ...string[]]>(kinds: K) =>
  z.strictObject({ apiVersion: z.string().optional(), kind: z.enum(kinds).optional(), name: z.string().min(1) });

const Custom = z.strictObject({ labels: Texts.optional(), annotations: Texts.optional() });

const ParentRef = z.strictObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().min(1),
  namespace: z.string().optional(),
  sectionName: z.string().optional(),
  port: z.int().optional(),
});

const MirrorFilter = z.strictObject({
  backendRef: z
    .strictObject({
      group: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
      namespace: z.string().optional(),
      port: z.int().optional(),
    })
    .optional(),
});

const Service = z.strictObject({
  name: z.string().optional(),
  port: z.int(),
  portName: z.string().optional(),
  appProtocol: z.string().optional(),
  trafficDistribution: z.string().optional(),
  targetPort: z.union([z.int(), z.string()]).optional(),
  portDiscovery: z.boolean().optional(),
  headless: z.boolean().optional(),
  timeout: z.string().optional(),
  gateways: List.optional(),
  gatewayRefs: z.array(ParentRef).optional(),
  hosts: List.optional(),
  delegation: z.boolean().optional(),
  trafficPolicy: TrafficPolicy.optional(),
  match: z.array(RouteMatch).optional(),
  rewrite: z
    .strictObject({ uri: z.string().optional(), authority: z.string().optional(), type: z.string().optional() })
    .optional(),
  retries: Retries.optional(),
  headers: Headers.optional(),
  mirror: z.array(MirrorFilter).optional(),
  corsPolicy: CorsPolicy.optional(),
  meshName: z.string().optional(),
  backends: List.optional(),
  apex: Custom.optional(),
  primary: Custom.optional(),
  canary: Custom.optional(),
  unmanagedMetadata: z.strictObject({ labels: List.optional(), annotations: List.optional() }).optional(),
});

export type ServiceFields = z.output<typeof Service>;

const PROVIDERS = [
  "apisix",
  "appmesh",
  "appmesh:v1beta2",
  "contour",
  "gatewayapi:v1",
  "gatewayapi:v1beta1",
  "gloo",
  "istio",
  "knative",
  "kubernetes",
  "kuma",
  "linkerd",
  "nginx",
  "osm",
  "skipper",
  "smi:v1alpha1",
  "smi:v1alpha2",
  "smi:v1alpha3",
  "traefik",
] as const;

const Spec = z.strictObject({
  provider: z.enum(PROVIDERS).optional(),
  metricsServer: z.string().optional(),
  progressDeadlineSeconds: z.int().min(1).optional(),
  targetRef: reference(["Deployment", "DaemonSet", "Service"]),
  autoscalerRef: z
    .strictObject({
      ...reference(["HorizontalPodAutoscaler", "ScaledObject"]).shape,
      primaryScalerQueries: Texts.optional(),
      primaryScalerReplicas: z
        .strictObject({ minReplicas: z.int().optional(), maxReplicas: z.int().optional() })
        .optional(),
    })
    .optional(),
  ingressRef: reference(["Ingress"]).optional(),
  routeRef: reference(["ApisixRoute"]).optional(),
  upstreamRef: z.strictObject({ ...reference(["Upstream"]).shape, namespace: z.string().optional() }).optional(),
  service: Service,
  skipAnalysis: z.boolean().optional(),
  revertOnDeletion: z.boolean().optional(),
  suspend: z.boolean().optional(),
  analysis: AnalysisFields,
});

export type CanarySpec = z.output<typeof Spec>;

const head = <const K extends string>(kind: K) => ({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(kind),
  metadata: Metadata,
  status: z.unknown().optional(),
});

const CanarySchema = z.strictObject({ ...head("Canary"), spec: Spec });

const TemplateSchema = z.strictObject({
  ...head("MetricTemplate"),
  spec: z.strictObject({
    provider: z.strictObject({
      type: z.enum([
        "prometheus",
        "influxdb",
        "datadog",
        "externalmetrics",
        "stackdriver",
        "cloudwatch",
        "newrelic",
        "graphite",
        "dynatrace",
        "keptn",
        "splunk",
      ]),
      address: z.string().optional(),
      headers: z.record(z.string(), List).optional(),
      secretRef: z.strictObject({ name: z.string().min(1) }).optional(),
      region: z.string().optional(),
      insecureSkipVerify: z.boolean().optional(),
    }),
    query: z.string(),
  }),
});

const AlertSchema = z.strictObject({
  ...head("AlertProvider"),
  spec: z.strictObject({
    type: z.enum(["slack", "msteams", "discord", "rocket", "gchat"]),
    channel: z.string().optional(),
    username: z.string().optional(),
    address: z.string().optional(),
    proxy: z.string().optional(),
    secretRef: z.strictObject({ name: z.string().min(1) }).optional(),
  }),
});

export type Canary = z.output<typeof CanarySchema>;
export type MetricTemplate = z.output<typeof TemplateSchema>;
export type AlertProvider = z.output<typeof AlertSchema>;

export const CANARY: Format<Canary> = { apiVersion: API_VERSION, kind: "Canary", schema: CanarySchema };
export const METRIC_TEMPLATE: Format<MetricTemplate> = {
  apiVersion: API_VERSION,
  kind: "MetricTemplate",
  schema: TemplateSchema,
  isReferred: true,
};
export const ALERT_PROVIDER: Format<AlertProvider> = {
  apiVersion: API_VERSION,
  kind: "AlertProvider",
  schema: AlertSchema,
  isReferred: true,
};
