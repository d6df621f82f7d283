// Which fields do the templates of an analysis have?
import * as z from "zod";

const Texts = z.record(z.string(), z.string());

/** Numbers that an argument may fill in. */
const Count = z.union([z.int(), z.string()]).optional();

const FieldRef = z.strictObject({ fieldPath: z.string() });

const TemplateArg = z.strictObject({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: z
    .strictObject({
      fieldRef: FieldRef.optional(),
      secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }).optional(),
    })
    .optional(),
});

/** Of an experiment's analysis too. */
export const TemplateArgs = z.array(TemplateArg);

const TemplateRef = z.strictObject({ templateName: z.string().min(1), clusterScope: z.boolean().optional() });

export const DryRun = z.array(z.strictObject({ metricName: z.string() }));
export const Retention = z.array(z.strictObject({ metricName: z.string(), limit: z.int() }));

/** Labels and annotations of what Argo makes. */
export const RunMetadata = z.strictObject({ labels: Texts.optional(), annotations: Texts.optional() });

const analysis = {
  templates: z.array(TemplateRef).optional(),
  args: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        value: z.string().optional(),
        valueFrom: z
          .strictObject({
            podTemplateHashValue: z.enum(["Stable", "Latest"]).optional(),
            fieldRef: FieldRef.optional(),
          })
          .optional(),
      }),
    )
    .optional(),
  dryRun: DryRun.optional(),
  measurementRetention: Retention.optional(),
  analysisRunMetadata: RunMetadata.optional(),
};

/** An analysis of a rollout: which templates, with which arguments. */
export const RolloutAnalysis = z.strictObject(analysis);
/** One that runs beside the steps. */
export const BackgroundAnalysis = z.strictObject({ ...analysis, startingStep: z.int().optional() });

export type AnalysisRef = z.output<typeof RolloutAnalysis>;

const HeaderList = z.array(z.strictObject({ key: z.string(), value: z.string() }));

const Authentication = z.strictObject({
  oauth2: z
    .strictObject({
      clientId: z.string().optional(),
      clientSecret: z.string().optional(),
      scopes: z.array(z.string()).optional(),
      tokenUrl: z.string().optional(),
    })
    .optional(),
  sigv4: z
    .strictObject({ profile: z.string().optional(), region: z.string().optional(), roleArn: z.string().optional() })
    .optional(),
});

const Provider = z.strictObject({
  prometheus: z
    .strictObject({
      address: z.string().optional(),
      query: z.string().optional(),
      authentication: Authentication.optional(),
      headers: HeaderList.optional(),
      insecure: z.boolean().optional(),
      timeout: z.int().optional(),
      rangeQuery: z
        .strictObject({ start: z.string().optional(), end: z.string().optional(), step: z.string().optional() })
        .optional(),
    })
    .optional(),
  datadog: z
    .strictObject({
      aggregator: z.string().optional(),
      apiVersion: z.enum(["v1", "v2"]).optional(),
      formula: z.string().optional(),
      interval: z.string().optional(),
      queries: Texts.optional(),
      query: z.string().optional(),
      secretRef: z.strictObject({ name: z.string().optional(), namespaced: z.boolean().optional() }).optional(),
      requestTimeout: z.string().optional(),
    })
    .optional(),
  cloudWatch: z
    .strictObject({ interval: z.string().optional(), metricDataQueries: z.array(z.looseObject({})) })
    .optional(),
  graphite: z.strictObject({ address: z.string().optional(), query: z.string().optional() }).optional(),
  influxdb: z.strictObject({ profile: z.string().optional(), query: z.string().optional() }).optional(),
  newRelic: z
    .strictObject({ profile: z.string().optional(), query: z.string(), timeout: z.int().optional() })
    .optional(),
  wavefront: z.strictObject({ address: z.string().optional(), query: z.string().optional() }).optional(),
  skywalking: z
    .strictObject({ address: z.string().optional(), query: z.string().optional(), interval: z.string().optional() })
    .optional(),
  web: z
    .strictObject({
      url: z.string(),
      method: z.string().optional(),
      headers: HeaderList.optional(),
      body: z.string().optional(),
      jsonBody: z.unknown().optional(),
      jsonPath: z.string().optional(),
      timeoutSeconds: z.int().optional(),
      insecure: z.boolean().optional(),
      authentication: Authentication.optional(),
    })
    .optional(),
  job: z.strictObject({ metadata: z.looseObject({}).optional(), spec: z.looseObject({}) }).optional(),
  kayenta: z.looseObject({}).optional(),
  plugin: z.looseObject({}).optional(),
});

export type ProviderFields = z.output<typeof Provider>;

const Metric = z.strictObject({
  name: z.string().min(1),
  provider: Provider,
  successCondition: z.string().optional(),
  failureCondition: z.string().optional(),
  interval: z.string().optional(),
  initialDelay: z.string().optional(),
  count: Count,
  failureLimit: Count,
  inconclusiveLimit: Count,
  consecutiveErrorLimit: Count,
  consecutiveSuccessLimit: Count,
});

export type MetricFields = z.output<typeof Metric>;

export const TemplateSpec = z.strictObject({
  args: TemplateArgs.optional(),
  metrics: z.array(Metric).optional(),
  dryRun: DryRun.optional(),
  measurementRetention: Retention.optional(),
  templates: z.array(TemplateRef).optional(),
});
