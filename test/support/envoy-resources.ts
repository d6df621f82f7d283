// Which resources make a service behind an Envoy? The plainest ones that work.
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ClusterSchema, type Cluster } from "../../src/adapters/envoy/protos/envoy/config/cluster/v3/cluster_pb.ts";
import {
  ClusterLoadAssignmentSchema,
  type ClusterLoadAssignment,
} from "../../src/adapters/envoy/protos/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema, type Listener } from "../../src/adapters/envoy/protos/envoy/config/listener/v3/listener_pb.ts";
import {
  RouteConfigurationSchema,
  type RouteConfiguration,
} from "../../src/adapters/envoy/protos/envoy/config/route/v3/route_pb.ts";
import { HttpGrpcAccessLogConfigSchema } from "../../src/adapters/envoy/protos/envoy/extensions/access_loggers/grpc/v3/als_pb.ts";
import { RouterSchema } from "../../src/adapters/envoy/protos/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "../../src/adapters/envoy/protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import {
  SecretSchema,
  type Secret,
} from "../../src/adapters/envoy/protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { DownstreamTlsContextSchema } from "../../src/adapters/envoy/protos/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { RuntimeSchema, type Runtime } from "../../src/adapters/envoy/protos/envoy/service/runtime/v3/rtds_pb.ts";

const EDS = 3;
const V3 = 2;

const ads = { resourceApiVersion: V3, configSourceSpecifier: { case: "ads", value: {} } } as const;

const socket = (port: number) => {
  const value = { address: "127.0.0.1", portSpecifier: { case: "portValue", value: port } } as const;
  return { address: { case: "socketAddress", value } } as const;
};

export function cluster(name: string, connectTimeoutMs = 1_000): Cluster {
  return create(ClusterSchema, {
    name,
    connectTimeout: { seconds: BigInt(Math.floor(connectTimeoutMs / 1_000)), nanos: (connectTimeoutMs % 1_000) * 1e6 },
    clusterDiscoveryType: { case: "type", value: EDS },
    edsClusterConfig: { edsConfig: ads },
  });
}

export function endpoints(clusterName: string, ...ports: number[]): ClusterLoadAssignment {
  const lbEndpoints = ports.map((port) => {
    return { hostIdentifier: { case: "endpoint", value: { address: socket(port) } } } as const;
  });
  return create(ClusterLoadAssignmentSchema, { clusterName, endpoints: [{ lbEndpoints }] });
}

export interface SharedRoute {
  readonly service: string;
  readonly domain: string;
  /** Percent to `<service>-canary`; the rest goes to `<service>-stable`. */
  readonly canary: number;
}

/** One route configuration whose weights can be overridden under `<service>.<cluster>`. */
export function routes(name: string, shared: readonly SharedRoute[]): RouteConfiguration {
  const virtualHosts = shared.map(({ service, domain, canary }) => {
    const clusters = [
      { name: `${service}-stable`, weight: 100 - canary },
      { name: `${service}-canary`, weight: canary },
    ];
    const weighted = { clusters, runtimeKeyPrefix: service };
    const route = { clusterSpecifier: { case: "weightedClusters", value: weighted } } as const;
    return {
      name: service,
      domains: [domain],
      routes: [
        {
          match: { pathSpecifier: { case: "prefix", value: "/" } as const },
          action: { case: "route", value: route } as const,
        },
      ],
    };
  });
  return create(RouteConfigurationSchema, { name, virtualHosts, validateClusters: false });
}

export function runtime(name: string, layer: Readonly<Record<string, number>>): Runtime {
  return create(RuntimeSchema, { name, layer });
}

export interface ListenerParts {
  readonly port: number;
  readonly routes: string;
  /** The cluster of the control plane, if requests are logged there. */
  readonly logTo?: string;
  /** The secret that holds its certificate, if it speaks TLS. */
  readonly secret?: string;
}

function transportSocket(certificate: string) {
  const tls = create(DownstreamTlsContextSchema, {
    commonTlsContext: { tlsCertificateSdsSecretConfigs: [{ name: certificate, sdsConfig: ads }] },
  });
  const typedConfig = anyPack(DownstreamTlsContextSchema, tls);
  return {
    name: "envoy.transport_sockets.tls",
    configType: { case: "typedConfig", value: typedConfig },
  } as const;
}

/** A certificate and its key, in PEM form. */
export function secret(name: string, cert: Uint8Array, key: Uint8Array): Secret {
  const inline = (value: Uint8Array) => ({ specifier: { case: "inlineBytes", value } }) as const;
  const tlsCertificate = { certificateChain: inline(cert), privateKey: inline(key) };
  return create(SecretSchema, { name, type: { case: "tlsCertificate", value: tlsCertificate } });
}

export function listener(name: string, parts: ListenerParts): Listener {
  const { port, routes: routeConfigName, logTo } = parts;
  const log = create(HttpGrpcAccessLogConfigSchema, {
    commonConfig: {
      logName: name,
      transportApiVersion: V3,
      grpcService: { targetSpecifier: { case: "envoyGrpc", value: { clusterName: logTo ?? "" } } },
      bufferFlushInterval: { nanos: 20_000_000 },
    },
  });
  const accessLog = {
    name: "envoy.access_loggers.http_grpc",
    configType: { case: "typedConfig", value: anyPack(HttpGrpcAccessLogConfigSchema, log) },
  } as const;
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: name,
    routeSpecifier: { case: "rds", value: { configSource: ads, routeConfigName } },
    httpFilters: [
      {
        name: "envoy.filters.http.router",
        configType: { case: "typedConfig", value: anyPack(RouterSchema, create(RouterSchema)) },
      },
    ],
    accessLog: logTo === undefined ? [] : [accessLog],
  });
  const typedConfig = anyPack(HttpConnectionManagerSchema, manager);
  return create(ListenerSchema, {
    name,
    address: socket(port),
    filterChains: [
      {
        ...(parts.secret === undefined ? {} : { transportSocket: transportSocket(parts.secret) }),
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            configType: { case: "typedConfig", value: typedConfig },
          },
        ],
      },
    ],
  });
}
