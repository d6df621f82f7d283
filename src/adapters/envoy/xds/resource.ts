// How does one resource look on the wire? Encoded once, whatever the number of streams.
import { createHash } from "node:crypto";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { urlOf, type ResourceType } from "./types.ts";

interface Identity {
  readonly type: ResourceType;
  readonly name: string;
  readonly version: string;
  /** The endpoints resource without which a cluster does not get warm. */
  readonly awaits: string | undefined;
}

export interface Resource extends Identity {
  /** Sums of these tell sets of resources apart. */
  readonly digest: bigint;
  /** As a field of a state-of-the-world response. */
  readonly inState: () => Uint8Array;
  /** As a field of a delta response. */
  readonly inDelta: () => Uint8Array;
}

function once(make: () => Uint8Array): () => Uint8Array {
  let made: Uint8Array | undefined;
  return () => (made ??= make());
}

/** Field numbers of google.protobuf.Any and of envoy.service.discovery.v3.{Resource,DiscoveryResponse,…}. */
const ANY = { typeUrl: 1, value: 2 };
const RESOURCE = { version: 1, resource: 2, name: 3 };
const RESPONSE_RESOURCES = 2;

function writeAny(writer: BinaryWriter, url: string, bytes: Uint8Array): void {
  writer.tag(ANY.typeUrl, WireType.LengthDelimited).string(url);
  writer.tag(ANY.value, WireType.LengthDelimited).bytes(bytes);
}

export function makeResource(identity: Identity, bytes: Uint8Array): Resource {
  const { type, name, version } = identity;
  const url = urlOf(type);
  const hash = createHash("sha256").update(`${name}\0${version}`).digest();
  return {
    ...identity,
    digest: hash.readBigUInt64LE(),
    inState: once(() => {
      const writer = new BinaryWriter().tag(RESPONSE_RESOURCES, WireType.LengthDelimited).fork();
      writeAny(writer, url, bytes);
      return writer.join().finish();
    }),
    inDelta: once(() => {
      const writer = new BinaryWriter().tag(RESPONSE_RESOURCES, WireType.LengthDelimited).fork();
      writer.tag(RESOURCE.version, WireType.LengthDelimited).string(version);
      writeAny(writer.tag(RESOURCE.resource, WireType.LengthDelimited).fork(), url, bytes);
      writer.join().tag(RESOURCE.name, WireType.LengthDelimited).string(name);
      return writer.join().finish();
    }),
  };
}
