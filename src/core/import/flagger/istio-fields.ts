// Which fields of Istio can a Canary hold?
import * as z from "zod";

const StringMatch = z.strictObject({
  exact: z.string().optional(),
  prefix: z.string().optional(),
  regex: z.string().optional(),
});

/** As an analysis has them; only here is there a suffix. */
const SuffixMatch = z.strictObject({ ...StringMatch.shape, suffix: z.string().optional() });

const Texts = z.record(z.string(), z.string());
const List = z.array(z.string());

/** Which requests the analysis means. */
export const AnalysisMatch = z.strictObject({
  headers: z.record(z.string(), SuffixMatch).optional(),
  queryParams: z.record(z.string(), StringMatch).optional(),
  sourceLabels: Texts.optional(),
});

/** Which requests the route takes. */
export const RouteMatch = z.strictObject({
  name: z.string().optional(),
  uri: StringMatch.optional(),
  scheme: StringMatch.optional(),
  method: StringMatch.optional(),
  authority: StringMatch.optional(),
  headers: z.record(z.string(), StringMatch).optional(),
  port: z.int().optional(),
  sourceLabels: Texts.optional(),
  gateways: List.optional(),
  queryParams: z.record(z.string(), StringMatch).optional(),
  ignoreUriCase: z.boolean().optional(),
  withoutHeaders: z.record(z.string(), StringMatch).optional(),
  sourceNamespace: z.string().optional(),
});

export const Retries = z.strictObject({
  attempts: z.int().optional(),
  perTryTimeout: z.string().optional(),
  retryOn: z.string().optional(),
});

const Operations = z.strictObject({ set: Texts.optional(), add: Texts.optional(), remove: List.optional() });

export const Headers = z.strictObject({ request: Operations.optional(), response: Operations.optional() });

export const CorsPolicy = z.strictObject({
  allowOrigin: List.optional(),
  allowOrigins: z.array(StringMatch).optional(),
  allowMethods: List.optional(),
  allowHeaders: List.optional(),
  exposeHeaders: List.optional(),
  maxAge: z.string().optional(),
  allowCredentials: z.boolean().optional(),
});

const Locality = z.strictObject({
  enabled: z.boolean().optional(),
  distribute: z
    .array(z.strictObject({ from: z.string().optional(), to: z.record(z.string(), z.int()).optional() }))
    .optional(),
  failover: z.array(z.strictObject({ from: z.string().optional(), to: z.string().optional() })).optional(),
});

/** A DestinationRule's. Values are Istio's affair: they are handed on as they are. */
export const TrafficPolicy = z.strictObject({
  connectionPool: z
    .strictObject({
      tcp: z.strictObject({ maxConnections: z.int().optional(), connectTimeout: z.string().optional() }).optional(),
      http: z
        .strictObject({
          h2UpgradePolicy: z.string().optional(),
          http1MaxPendingRequests: z.int().optional(),
          http2MaxRequests: z.int().optional(),
          idleTimeout: z.string().optional(),
          maxRequestsPerConnection: z.int().optional(),
          maxRetries: z.int().optional(),
        })
        .optional(),
    })
    .optional(),
  loadBalancer: z
    .strictObject({
      simple: z.string().optional(),
      warmupDurationSecs: z.string().optional(),
      localityLbSetting: Locality.optional(),
      consistentHash: z
        .strictObject({
          httpHeaderName: z.string().optional(),
          httpQueryParameterName: z.string().optional(),
          httpCookie: z
            .strictObject({ name: z.string().optional(), path: z.string().optional(), ttl: z.string().optional() })
            .optional(),
          minimumRingSize: z.int().optional(),
          useSourceIp: z.boolean().optional(),
        })
        .optional(),
    })
    .optional(),
  outlierDetection: z
    .strictObject({
      baseEjectionTime: z.string().optional(),
      consecutive5xxErrors: z.int().optional(),
      consecutiveErrors: z.int().optional(),
      consecutiveGatewayErrors: z.int().optional(),
      interval: z.string().optional(),
      maxEjectionPercent: z.int().optional(),
      minHealthPercent: z.int().optional(),
    })
    .optional(),
  tls: z
    .strictObject({
      mode: z.string().optional(),
      caCertificates: z.string().optional(),
      clientCertificate: z.string().optional(),
      privateKey: z.string().optional(),
      sni: z.string().optional(),
      subjectAltNames: List.optional(),
    })
    .optional(),
});
