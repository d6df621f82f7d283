// What do the two forms of the discovery protocol have in common?
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Node } from "../protos/envoy/config/core/v3/base_pb.ts";
import type { Status } from "../protos/google/rpc/status_pb.ts";
import type { Snapshot } from "./snapshot.ts";
import { urlOf, type ResourceType } from "./types.ts";
import type { Content, Watch } from "./watch.ts";

/** A request of either form. */
export interface Request {
  readonly node: Node | undefined;
  readonly url: string;
  readonly nonce: string;
  /** Envoy's words, if it refuses. */
  readonly refusal: string | undefined;
  /** All names that are wanted (state of the world), or those that are wanted from now on (delta). */
  readonly wanted: readonly string[];
  readonly unwanted: readonly string[];
  /** What the Envoy holds from an earlier stream, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What an answer is made from. */
export interface Source {
  readonly snapshot: Snapshot;
  /** Whether what is gone may be taken from this Envoy now. */
  readonly mayRemove: () => boolean;
}

export interface Protocol {
  readonly name: "delta" | "state-of-the-world";
  /** Throws for bytes that are no request. */
  decode(bytes: Uint8Array): Request;
  /** Whether the request is about an answer that a later one has replaced. */
  stale(watch: Watch, request: Request): boolean;
  /** Takes over which names are wanted. */
  subscribe(watch: Watch, request: Request, first: boolean): void;
  /** Whether a refused answer of several resources is sent again in parts. */
  readonly halves: boolean;
  /** What is to be sent now, `undefined` for nothing. What it holds is no longer due. */
  compose(watch: Watch, source: Source): Content | undefined;
  encode(type: ResourceType, content: Content, nonce: string): Buffer;
}

/** The words of a refusal; one without words says so. */
export function refusalOf(status: Status | undefined): string | undefined {
  if (!status) return undefined;
  return status.message || `refused without a reason (code ${status.code})`;
}

/** A version for a set of resources: the same for the same ones, in whatever order they came. */
function versionOf(content: Content): string {
  let sum = 0n;
  for (const resource of content.values()) sum += resource?.digest ?? 0n;
  return BigInt.asUintN(64, sum).toString(16).padStart(16, "0");
}

interface ResponseParts {
  readonly content: Content;
  readonly bodies: readonly Uint8Array[];
  readonly removed: readonly string[];
  readonly nonce: string;
}

/** Field numbers that both responses share, and the one of names that are gone. */
const RESPONSE = { version: 1, typeUrl: 4, nonce: 5, removed: 6 };

/** A response from resources that are encoded already; `removed` is empty where the form has no word for it. */
export function encodeResponse(type: ResourceType, parts: ResponseParts): Buffer {
  const frame = new BinaryWriter().tag(RESPONSE.version, WireType.LengthDelimited).string(versionOf(parts.content));
  frame.tag(RESPONSE.typeUrl, WireType.LengthDelimited).string(urlOf(type));
  frame.tag(RESPONSE.nonce, WireType.LengthDelimited).string(parts.nonce);
  for (const name of parts.removed) frame.tag(RESPONSE.removed, WireType.LengthDelimited).string(name);
  return Buffer.concat([frame.finish(), ...parts.bodies]);
}
