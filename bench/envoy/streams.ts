// How do many Envoys look to a control plane? Streams that take everything and acknowledge it, in a process of their own.
//
// They read of an answer only what an acknowledgement needs. Arguments: port, streams, services.
import { Client, credentials } from "@grpc/grpc-js";
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { DeltaDiscoveryRequestSchema } from "../../src/adapters/envoy/protos/envoy/service/discovery/v3/discovery_pb.ts";
import { skip } from "../../src/adapters/envoy/xds/reader.ts";
import { urlOf, type ResourceType } from "../../src/adapters/envoy/xds/types.ts";

const [port = "", streams = "", services = ""] = process.argv.slice(2);
const PATH = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
const TYPE_URL = 0x22;
const NONCE = 0x2a;

type Init = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;
const encode = (init: Init): Uint8Array =>
  toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, init));

function acknowledgement(bytes: Buffer): Uint8Array {
  const reader = new BinaryReader(bytes);
  let typeUrl = "";
  let responseNonce = "";
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === TYPE_URL) typeUrl = reader.string();
    else if (tag === NONCE) responseNonce = reader.string();
    else skip(reader, tag);
  }
  return encode({ typeUrl, responseNonce });
}

const names = Array.from({ length: Number(services) }, (_, at) => `svc-${at}`);
const SUBSCRIBED: Readonly<Record<string, readonly string[]>> = {
  cluster: [],
  endpoints: names.flatMap((name) => [`${name}-stable`, `${name}-canary`]),
  listener: [],
  routes: ["main"],
  runtime: ["shares"],
};

for (let at = 0; at < Number(streams); at += 1) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
  });
  const raw = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const call = client.makeBidiStreamRequest<Uint8Array, Buffer>(PATH, raw, (bytes) => bytes);
  call.on("data", (bytes: Buffer) => call.write(acknowledgement(bytes)));
  call.on("error", () => process.exit(1));
  for (const [type, wanted] of Object.entries(SUBSCRIBED)) {
    const node = { id: `stream-${at}`, cluster: "edge" };
    const typeUrl = urlOf(type as ResourceType);
    call.write(encode({ node, typeUrl, resourceNamesSubscribe: [...wanted] }));
  }
}
