// How does an Envoy listen for a service?
import { create } from "@bufbuild/protobuf";
import type { EnvoySpec } from "../../../core/spec/envoy.ts";
import type { Listen } from "../../../core/spec/listen.ts";
import { ListenerSchema, type Listener } from "../protos/envoy/config/listener/v3/listener_pb.ts";
import type { FilterChainSchema } from "../protos/envoy/config/listener/v3/listener_components_pb.ts";
import { TlsInspectorSchema } from "../protos/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { HttpGrpcAccessLogConfigSchema } from "../protos/envoy/extensions/access_loggers/grpc/v3/als_pb.ts";
import { RouterSchema } from "../protos/envoy/extensions/filters/http/router/v3/router_pb.ts";
import {
  HttpConnectionManagerSchema,
  HttpConnectionManager_ServerHeaderTransformation,
} from "../protos/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { UuidRequestIdConfigSchema } from "../protos/envoy/extensions/request_id/uuid/v3/uuid_pb.ts";
import { AccessLogSchema } from "../protos/envoy/config/accesslog/v3/accesslog_pb.ts";
import { ApiVersion } from "../protos/envoy/config/core/v3/config_source_pb.ts";
import type { RouteConfiguration } from "../protos/envoy/config/route/v3/route_pb.ts";
import { socket } from "./cluster.ts";
import { anyOf, durationOf, fromXds, type Init } from "./messages.ts";
import { CONTROL_CLUSTER, LOG_NAME, listenerName } from "./names.ts";
import { downstreamTls } from "./tls.ts";
import { tracingOf } from "./tracing.ts";

type Manager = Init<typeof HttpConnectionManagerSchema>;

/** What services that share an address must agree on, because it holds before it is known whose request it is. */
export interface ListenerSettings {
  readonly timeouts: Pick<EnvoySpec["timeouts"], "keepAliveMs" | "headMs">;
  readonly tracing: EnvoySpec["tracing"];
  readonly trustForwarded: boolean;
  /** Whether each request is told by the access log. */
  readonly logs: boolean;
  /** Service name of the spans, when the file gives none. */
  readonly name: string;
}

/** One address, and the certificates that are shown there by host name. */
export interface Listening {
  readonly at: Listen;
  readonly settings: ListenerSettings;
  /** The hosts that have a certificate of their own; `*` is everybody else. No entry: plain HTTP. */
  readonly tls: readonly { readonly hosts: readonly string[]; readonly files: NonNullable<EnvoySpec["tls"]> }[];
  /** The routes themselves, for an Envoy without a control plane. */
  readonly routes?: RouteConfiguration | undefined;
}

export function listenerOf(listening: Listening): Listener {
  const { at, tls } = listening;
  const filters = [
    {
      name: "envoy.filters.network.http_connection_manager",
      configType: { case: "typedConfig" as const, value: anyOf(HttpConnectionManagerSchema, manager(listening)) },
    },
  ];
  const chains = tls.map(({ hosts, files }): Init<typeof FilterChainSchema> => {
    const names = hosts.includes("*") ? [] : [...hosts];
    return {
      filters,
      transportSocket: downstreamTls(files, listening.routes ? "file" : "stream"),
      ...(tls.length > 1 && names.length > 0 ? { filterChainMatch: { serverNames: names } } : {}),
    };
  });
  return create(ListenerSchema, {
    name: listenerName(at),
    address: socket(at.host, at.port),
    filterChains: chains.length > 0 ? chains : [{ filters }],
    ...(tls.length > 1 ? { listenerFilters: [inspector()] } : {}),
  });
}

const inspector = () => ({
  name: "envoy.filters.listener.tls_inspector",
  configType: { case: "typedConfig" as const, value: anyOf(TlsInspectorSchema, {}) },
});

function manager({ at, settings, routes }: Listening): Manager {
  const { timeouts, trustForwarded, tracing, logs, name } = settings;
  return {
    statPrefix: listenerName(at),
    routeSpecifier: routes
      ? { case: "routeConfig", value: routes }
      : { case: "rds", value: { routeConfigName: listenerName(at), configSource: fromXds() } },
    httpFilters: [
      {
        name: "envoy.filters.http.router",
        configType: { case: "typedConfig", value: anyOf(RouterSchema, {}) },
      },
    ],
    commonHttpProtocolOptions: { idleTimeout: durationOf(timeouts.keepAliveMs) },
    requestHeadersTimeout: durationOf(timeouts.headMs),
    // Whoever answers says who they are.
    serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH,
    normalizePath: true,
    // Who is nearest is the client, unless a proxy in front is trusted.
    useRemoteAddress: true,
    xffNumTrustedHops: trustForwarded ? 1 : 0,
    upgradeConfigs: [{ upgradeType: "websocket" }],
    generateRequestId: true,
    requestIdExtension: {
      // Left as it is: users without a key are dealt by it, and find it in their cookie.
      typedConfig: anyOf(UuidRequestIdConfigSchema, { packTraceReason: false }),
    },
    ...(tracing ? { tracing: tracingOf(tracing, name) } : {}),
    ...(logs ? { accessLog: [accessLog()] } : {}),
  };
}

/** Small and soon: evidence is worth most while it is fresh. */
const LOG_EVERY_MS = 100;

function accessLog(): NonNullable<Manager["accessLog"]>[number] {
  const log: Init<typeof HttpGrpcAccessLogConfigSchema> = {
    commonConfig: {
      logName: LOG_NAME,
      transportApiVersion: ApiVersion.V3,
      grpcService: { targetSpecifier: { case: "envoyGrpc", value: { clusterName: CONTROL_CLUSTER } } },
      bufferFlushInterval: durationOf(LOG_EVERY_MS),
      bufferSizeBytes: 65_536,
    },
  };
  return create(AccessLogSchema, {
    name: "envoy.access_loggers.http_grpc",
    configType: { case: "typedConfig", value: anyOf(HttpGrpcAccessLogConfigSchema, log) },
  });
}
