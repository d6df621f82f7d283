// With which file does an Envoy carry services by itself, without a control plane?
import { toJson, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type { Listen } from "../../core/spec/listen.ts";
import { ClusterSchema } from "./protos/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema } from "./protos/envoy/config/listener/v3/listener_pb.ts";
import { SecretSchema } from "./protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { registry } from "./protos/registry.ts";
import { clustersOf, doorsOf, settingsOf, tlsOf } from "./fleet.ts";
import { clusterOf } from "./resources/cluster.ts";
import { listenerOf } from "./resources/listener.ts";
import { listenerName } from "./resources/names.ts";
import { tableOf, virtualHostOf } from "./resources/table.ts";
import { secretOf, secretsOf } from "./resources/tls.ts";
import { collectorOf } from "./resources/tracing.ts";
import type { Served } from "./resources/types.ts";

type Json = Readonly<Record<string, unknown>>;

/** A message as Envoy's files have it. */
function fileForm<D extends DescMessage>(schema: D, message: MessageShape<D>): unknown {
  return toJson(schema, message, { registry, useProtoFieldName: true });
}

/**
 * The whole configuration of one service with the shares of its route. They may be changed while it runs, through the
 * runtime keys that stand in it: `POST /runtime_modify` of the admin page.
 */
export function staticOf(served: Served, admin: Listen): Json {
  const { service, spec } = served;
  const settings = { ...settingsOf(served), logs: false };
  const listeners = doorsOf(served).map(({ at, kind }) => {
    const routes = tableOf(listenerName(at), [virtualHostOf([served], kind)]);
    return fileForm(ListenerSchema, listenerOf({ at, settings, tls: tlsOf([served]), routes }));
  });
  const clusters = clustersOf(served).map((cluster) => fileForm(ClusterSchema, clusterOf(cluster, true)));
  const collectors = spec.tracing ? [fileForm(ClusterSchema, collectorOf(spec.tracing))] : [];
  const secrets = secretsOf(spec).map((files) => fileForm(SecretSchema, secretOf(files)));
  return {
    node: { id: service, cluster: spec.fleet },
    admin: { address: { socket_address: { address: admin.host, port_value: admin.port } } },
    layered_runtime: {
      layers: [
        { name: "static", static_layer: {} },
        { name: "admin", admin_layer: {} },
      ],
    },
    static_resources: { listeners, clusters: [...clusters, ...collectors], ...(secrets.length > 0 ? { secrets } : {}) },
  };
}
