// How does an Envoy reach the replicas of a pool?
import { isIP } from "node:net";
import { create, type JsonObject } from "@bufbuild/protobuf";
import type { EnvoySpec } from "../../../core/spec/envoy.ts";
import type { Role, RoutePool } from "../../../core/split.ts";
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
  type Cluster,
} from "../protos/envoy/config/cluster/v3/cluster_pb.ts";
import {
  ClusterLoadAssignmentSchema,
  type ClusterLoadAssignment,
} from "../protos/envoy/config/endpoint/v3/endpoint_pb.ts";
import { HealthCheckSchema } from "../protos/envoy/config/core/v3/health_check_pb.ts";
import { CodecClientType } from "../protos/envoy/type/v3/http_pb.ts";
import { HttpProtocolOptionsSchema } from "../protos/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import { anyOf, durationOf, fromXds, type Init } from "./messages.ts";
import { METADATA, poolOf } from "./names.ts";
import { upstreamTls } from "./tls.ts";

const BALANCE: Readonly<Record<EnvoySpec["balance"], Cluster["lbPolicy"]>> = {
  "round-robin": Cluster_LbPolicy.ROUND_ROBIN,
  "least-request": Cluster_LbPolicy.LEAST_REQUEST,
  random: Cluster_LbPolicy.RANDOM,
};

/** One pool under the name of its cluster. */
export interface PoolCluster {
  readonly name: string;
  readonly role: Role;
  readonly pool: RoutePool;
  readonly spec: EnvoySpec;
  /** It gets copies of requests, and none of users'. */
  readonly copies: boolean;
}

/** Names must be looked up by the Envoy, which it does for whole clusters only. */
export const hasNames = ({ backends }: RoutePool): boolean => backends.some(({ host }) => isIP(host) === 0);

/** A cluster whose endpoints come by themselves (EDS) or, `whole`, stand in it. */
export function clusterOf(asked: PoolCluster, whole = false): Cluster {
  const { name, spec, pool } = asked;
  const inline = whole || hasNames(pool);
  const type = inline ? (hasNames(pool) ? "STRICT_DNS" : "STATIC") : "EDS";
  return create(ClusterSchema, {
    name,
    connectTimeout: durationOf(spec.timeouts.connectMs),
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType[type] },
    ...(inline ? { loadAssignment: endpointsOf(asked) } : { edsClusterConfig: { edsConfig: fromXds() } }),
    lbPolicy: BALANCE[spec.balance],
    ...circuitOf(spec),
    // A replica that was taken off gets nothing more, however well it looks.
    ignoreHealthOnHostRemoval: true,
    ...(spec.healthCheck ? { healthChecks: [healthCheckOf(spec.healthCheck, asked)] } : {}),
    typedExtensionProtocolOptions: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": anyOf(HttpProtocolOptionsSchema, {
        commonHttpProtocolOptions: { idleTimeout: durationOf(spec.timeouts.idleMs) },
        upstreamProtocolOptions: {
          case: "explicitHttpConfig",
          value: {
            protocolConfig: spec.upstream.http2
              ? { case: "http2ProtocolOptions", value: {} }
              : { case: "httpProtocolOptions", value: {} },
          },
        },
      }),
    },
    ...(spec.upstream.tls
      ? { transportSocket: upstreamTls(spec.upstream.tls, spec.upstream.http2, whole ? "file" : "stream") }
      : {}),
  });
}

function circuitOf({
  circuit,
  retries,
}: EnvoySpec): Pick<Init<typeof ClusterSchema>, "circuitBreakers" | "outlierDetection"> {
  const { connections, pending, consecutiveFailures, ejectionMs, maxEjected } = circuit;
  return {
    circuitBreakers: {
      thresholds: [
        {
          // Of the whole pool: what one replica may have is said below.
          maxConnections: 1_000_000,
          maxPendingRequests: pending,
          maxRequests: 1_000_000,
          maxRetries: Math.max(3, retries.tries * 100),
        },
      ],
      perHostThresholds: [{ maxConnections: connections }],
    },
    outlierDetection: {
      consecutive5xx: consecutiveFailures,
      consecutiveGatewayFailure: consecutiveFailures,
      enforcingConsecutiveGatewayFailure: 100,
      enforcingSuccessRate: 0,
      interval: durationOf(Math.min(ejectionMs, 1_000)),
      baseEjectionTime: durationOf(ejectionMs),
      maxEjectionTime: durationOf(10 * ejectionMs),
      maxEjectionPercent: Math.round(maxEjected * 100),
    },
  };
}

function healthCheckOf(
  check: NonNullable<EnvoySpec["healthCheck"]>,
  { spec: { hosts, upstream }, name }: PoolCluster,
): NonNullable<Init<typeof ClusterSchema>["healthChecks"]>[number] {
  const { path, everyMs, timeoutMs, unhealthy, healthy } = check;
  // A name that a replica knows; the cluster's own is none that a host may have.
  const host = hosts.find((known) => !known.startsWith("*")) ?? poolOf(name)?.[0] ?? name;
  const codecClientType = upstream.http2 ? CodecClientType.HTTP2 : CodecClientType.HTTP1;
  return create(HealthCheckSchema, {
    interval: durationOf(everyMs),
    noTrafficInterval: durationOf(everyMs),
    timeout: durationOf(timeoutMs),
    unhealthyThreshold: unhealthy,
    healthyThreshold: healthy,
    healthChecker: { case: "httpHealthCheck", value: { path, host, codecClientType } },
  });
}

/** What endpoints that come by themselves say besides who they are. */
export interface Settings {
  /** Names the settings of their cluster: an Envoy that makes a cluster anew waits for endpoints, and no old ones are sent twice. */
  readonly settings: string;
  /** Whether their health is looked at, where that is asked. */
  readonly looks: boolean;
}

/** The replicas of a pool. Each tells its role, so that a span says who answered. */
export function endpointsOf({ name, role, pool }: PoolCluster, own?: Settings): ClusterLoadAssignment {
  const more = own && { settings: own.settings };
  const lbEndpoints = pool.backends.map(({ host, port, replica }) => ({
    hostIdentifier: {
      case: "endpoint" as const,
      value: {
        address: socket(host, port),
        ...(own?.looks === false && { healthCheckConfig: { disableActiveHealthCheck: true } }),
      },
    },
    metadata: { filterMetadata: { [METADATA]: { role, pool: pool.pool, replica, ...more } satisfies JsonObject } },
  }));
  return create(ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: lbEndpoints.length > 0 ? [{ lbEndpoints }] : [],
  });
}

export function socket(host: string, port: number) {
  const portSpecifier = { case: "portValue" as const, value: port };
  return { address: { case: "socketAddress" as const, value: { address: host, portSpecifier } } };
}
