// Where do spans of requests go, and what do they say of the role?
import { create } from "@bufbuild/protobuf";
import type { EnvoyTracing } from "../../../core/spec/envoy.ts";
import { Cluster_DiscoveryType, ClusterSchema, type Cluster } from "../protos/envoy/config/cluster/v3/cluster_pb.ts";
import { OpenTelemetryConfigSchema } from "../protos/envoy/config/trace/v3/opentelemetry_pb.ts";
import {
  ZipkinConfig_CollectorEndpointVersion,
  ZipkinConfigSchema,
} from "../protos/envoy/config/trace/v3/zipkin_pb.ts";
import type { HttpConnectionManager_TracingSchema } from "../protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { CustomTagSchema } from "../protos/envoy/type/tracing/v3/custom_tag_pb.ts";
import { socket } from "./cluster.ts";
import { anyOf, durationOf, type Init } from "./messages.ts";
import { collectorName, METADATA } from "./names.ts";

/** What a span says of who answered. */
const TAGS = ["role", "pool", "replica"];

export function tracingOf(tracing: EnvoyTracing, name: string): Init<typeof HttpConnectionManager_TracingSchema> {
  return {
    randomSampling: { value: tracing.sample * 100 },
    customTags: [...TAGS.map(tagOf), ...named(tracing.kind, tracing.service ?? name)],
    provider: providerOf(tracing, tracing.service ?? name),
  };
}

/** By Zipkin, an Envoy calls itself what its fleet is called, whatever is asked. */
function named(kind: EnvoyTracing["kind"], name: string): Init<typeof CustomTagSchema>[] {
  return kind === "zipkin" ? [{ tag: "service.name", type: { case: "literal", value: { value: name } } }] : [];
}

function tagOf(key: string): Init<typeof CustomTagSchema> {
  return {
    tag: `serin.${key}`,
    type: {
      case: "metadata",
      value: {
        kind: { kind: { case: "host", value: {} } },
        metadataKey: { key: METADATA, path: [{ segment: { case: "key", value: key } }] },
      },
    },
  };
}

function providerOf({ kind, url }: EnvoyTracing, name: string) {
  const cluster = collectorName(url);
  if (kind === "otlp") {
    const httpUri = {
      uri: url,
      timeout: durationOf(5_000),
      httpUpstreamType: { case: "cluster" as const, value: cluster },
    };
    const value = anyOf(OpenTelemetryConfigSchema, { serviceName: name, httpService: { httpUri } });
    return { name: "envoy.tracers.opentelemetry", configType: { case: "typedConfig" as const, value } };
  }
  const value = anyOf(ZipkinConfigSchema, {
    collectorCluster: cluster,
    collectorEndpoint: new URL(url).pathname,
    collectorHostname: new URL(url).host,
    collectorEndpointVersion: ZipkinConfig_CollectorEndpointVersion.HTTP_JSON,
    traceId128bit: true,
  });
  return { name: "envoy.tracers.zipkin", configType: { case: "typedConfig" as const, value } };
}

/** How the collector is reached. */
export function collectorOf({ url }: EnvoyTracing): Cluster {
  const { hostname, port } = new URL(url);
  const name = collectorName(url);
  const host = hostname.replaceAll(/[[\]]/gu, "");
  const endpoint = { address: socket(host, port === "" ? 80 : Number(port)) };
  return create(ClusterSchema, {
    name,
    connectTimeout: durationOf(1_000),
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STRICT_DNS },
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ hostIdentifier: { case: "endpoint", value: endpoint } }] }],
    },
  });
}
