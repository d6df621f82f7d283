// Who is at the other end?
import type { JsonObject } from "@bufbuild/protobuf";
import type { Ms } from "../../../core/units.ts";
import type { Node } from "../protos/envoy/config/core/v3/base_pb.ts";
import type { ResourceType, ResourceVersion } from "./types.ts";
import type { Refusal } from "./watch.ts";

/** What an Envoy says about itself. */
export interface EnvoyNode {
  readonly id: string;
  /** `node.cluster`: which resources it gets. */
  readonly fleet: string;
  /** The program and its version: `envoy 1.40.0`. */
  readonly agent: string;
  /** Region, zone and sub-zone, those that there are: `eu/eu-1`. */
  readonly locality: string;
  readonly metadata: JsonObject;
}

/** One Envoy's stream, for as long as it is open. What it holds is what it acknowledged last, never what was sent. */
export interface ConnectedEnvoy {
  readonly node: EnvoyNode;
  readonly protocol: "delta" | "state-of-the-world";
  /** When the stream was opened. */
  readonly since: Ms;
  /** Whether it asked for the resource. */
  wants(type: ResourceType, name: string): boolean;
  /** The version that is in force there; `undefined` if there is none. */
  held(type: ResourceType, name: string): string | undefined;
  /** The version that it refused and has no newer answer to; what it held before is in force. */
  refusal(type: ResourceType, name: string): Refusal | undefined;
  refusals(): readonly (ResourceVersion & Refusal)[];
}

const NOBODY: EnvoyNode = { id: "", fleet: "", agent: "", locality: "", metadata: {} };

function agentOf({ userAgentName, userAgentVersionType }: Node): string {
  const { case: form, value } = userAgentVersionType;
  if (form === undefined) return userAgentName;
  if (form === "userAgentVersion") return `${userAgentName} ${value}`.trim();
  const { majorNumber = 0, minorNumber = 0, patch = 0 } = value.version ?? {};
  return `${userAgentName} ${majorNumber}.${minorNumber}.${patch}`.trim();
}

export function nodeOf(node: Node | undefined): EnvoyNode {
  if (!node) return NOBODY;
  const { region = "", zone = "", subZone = "" } = node.locality ?? {};
  return {
    id: node.id,
    fleet: node.cluster,
    agent: agentOf(node),
    locality: [region, zone, subZone].filter(Boolean).join("/"),
    metadata: node.metadata ?? {},
  };
}
