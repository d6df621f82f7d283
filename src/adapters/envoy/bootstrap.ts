// With which file does an Envoy start, so that it comes to Serin for the rest?
import type { EnvoySpec } from "../../core/spec/envoy.ts";
import type { Listen } from "../../core/spec/listen.ts";
import { CONTROL_CLUSTER, RUNTIME_LAYER } from "./resources/names.ts";
import { BOUNDS_MS } from "./statistics.ts";

export interface BootstrapOptions {
  /** What the Envoy is called; each has a name of its own. */
  readonly id: string;
  readonly fleet: EnvoySpec["fleet"];
  /** Where Serin listens, as seen from the Envoy. */
  readonly control: Listen;
  readonly admin: Listen;
  /** `delta` sends what changed, `state` everything of a kind. */
  readonly protocol: "delta" | "state";
  /** Sends its statistics once a second. */
  readonly statistics: boolean;
  /** Files of the Envoy, where the channel is one of TLS. */
  readonly tls?:
    | { readonly ca: string; readonly serverName: string; readonly cert?: string; readonly key?: string }
    | undefined;
}

const V3 = "V3";
const FROM_STREAM = { ads: {}, resource_api_version: V3 };

/** Expressions of rules may be larger than an Envoy takes when nothing is said. */
const RE2 = { "re2.max_program_size.error_level": 10_000, "re2.max_program_size.warn_level": 10_000 };

/** The file's content. Field names are those of Envoy's documentation. */
export function bootstrapOf(options: BootstrapOptions): Readonly<Record<string, unknown>> {
  const { id, fleet, control, admin, protocol, statistics, tls } = options;
  const service = { envoy_grpc: { cluster_name: CONTROL_CLUSTER } };
  return {
    node: { id, cluster: fleet, metadata: { serin: { admin: `${bracketed(admin.host)}:${admin.port}` } } },
    admin: { address: socket(admin) },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === "delta" ? "DELTA_GRPC" : "GRPC",
        transport_api_version: V3,
        set_node_on_first_message_only: true,
        grpc_services: [service],
      },
      lds_config: FROM_STREAM,
      cds_config: FROM_STREAM,
    },
    layered_runtime: {
      layers: [
        { name: "static", static_layer: RE2 },
        { name: RUNTIME_LAYER, rtds_layer: { name: RUNTIME_LAYER, rtds_config: FROM_STREAM } },
        { name: "admin", admin_layer: {} },
      ],
    },
    static_resources: { clusters: [controlCluster(control, tls)] },
    // Latencies stand on the admin page, too, when they have been gathered.
    stats_flush_interval: "1s",
    stats_config: {
      histogram_bucket_settings: [{ match: { suffix: "upstream_rq_time" }, buckets: BOUNDS_MS }],
    },
    ...(statistics ? sinkOf(service) : {}),
  };
}

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host);

function socket({ host, port }: Listen): object {
  return { socket_address: { address: host, port_value: port } };
}

function controlCluster(control: Listen, tls: BootstrapOptions["tls"]): object {
  const http2 = { connection_keepalive: { interval: "10s", timeout: "5s" } };
  return {
    name: CONTROL_CLUSTER,
    type: "STRICT_DNS",
    connect_timeout: "1s",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: http2 },
      },
    },
    load_assignment: {
      cluster_name: CONTROL_CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(control) } }] }],
    },
    ...(tls ? { transport_socket: transportSocket(tls) } : {}),
  };
}

function transportSocket({ ca, serverName, cert, key }: NonNullable<BootstrapOptions["tls"]>): object {
  const pair = { certificate_chain: { filename: cert }, private_key: { filename: key } };
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      sni: serverName,
      common_tls_context: {
        ...(cert !== undefined && key !== undefined ? { tls_certificates: [pair] } : {}),
        validation_context: {
          trusted_ca: { filename: ca },
          match_typed_subject_alt_names: ["DNS", "IP_ADDRESS"].map((kind) => ({
            san_type: kind,
            matcher: { exact: serverName },
          })),
        },
      },
    },
  };
}

function sinkOf(service: object): object {
  return {
    stats_sinks: [
      {
        name: "envoy.stat_sinks.metrics_service",
        typed_config: {
          "@type": "type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig",
          transport_api_version: V3,
          grpc_service: service,
          emit_tags_as_labels: true,
        },
      },
    ],
  };
}
