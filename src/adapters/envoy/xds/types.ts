// Which resources does an Envoy take, and in which order?
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { ClusterSchema } from "../protos/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../protos/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../protos/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../protos/envoy/config/route/v3/route_pb.ts";
import { SecretSchema } from "../protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { RuntimeSchema } from "../protos/envoy/service/runtime/v3/rtds_pb.ts";

interface Kind {
  readonly schema: DescMessage;
  /** Whether an Envoy that asks for no name wants all; a state-of-the-world answer then lists all. */
  readonly whole: boolean;
}

/** In the order in which they are sent: what is named comes before what names it. */
export const RESOURCES = {
  secret: { schema: SecretSchema, whole: false },
  cluster: { schema: ClusterSchema, whole: true },
  endpoints: { schema: ClusterLoadAssignmentSchema, whole: false },
  listener: { schema: ListenerSchema, whole: true },
  routes: { schema: RouteConfigurationSchema, whole: false },
  runtime: { schema: RuntimeSchema, whole: false },
} as const satisfies Readonly<Record<string, Kind>>;

export type ResourceType = keyof typeof RESOURCES;
export type ResourceMessage<T extends ResourceType> = MessageShape<(typeof RESOURCES)[T]["schema"]>;

export const ORDER = Object.keys(RESOURCES) as ResourceType[];

/** A resource by its type and name. The version is its content's hash; `undefined` asks for its absence. */
export interface ResourceVersion {
  readonly type: ResourceType;
  readonly name: string;
  readonly version: string | undefined;
}

/** The type as Envoy writes it. */
export function urlOf(type: ResourceType): string {
  return `type.googleapis.com/${RESOURCES[type].schema.typeName}`;
}

const BY_URL: ReadonlyMap<string, ResourceType> = new Map(ORDER.map((type) => [urlOf(type), type]));

/** The type that Envoy asks for, `undefined` for one that is not served here. */
export function typeOf(url: string): ResourceType | undefined {
  return BY_URL.get(url);
}
