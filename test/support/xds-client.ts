// How does an Envoy talk to a control plane? A client that does what it is told, message by message.
import { Client, credentials, type ChannelCredentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { vi } from "vitest";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryResponse,
} from "../../src/adapters/envoy/protos/envoy/service/discovery/v3/discovery_pb.ts";
import { urlOf, type ResourceType } from "../../src/adapters/envoy/xds/types.ts";

const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
const raw = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const LIMIT = { timeout: 30_000, interval: 2 };

/** Messages of one stream, in order; `next` waits for one. */
export class Exchange<Response extends { readonly typeUrl: string }> {
  readonly responses: Response[] = [];
  ended: string | undefined;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Uint8Array, Buffer>;

  constructor(
    port: number,
    path: string,
    options: { decode: (bytes: Buffer) => Response; secure?: ChannelCredentials },
  ) {
    this.#client = new Client(`127.0.0.1:${port}`, options.secure ?? credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      // Names in certificates may be addresses, but not those that a TLS client asks for.
      ...(options.secure ? { "grpc.ssl_target_name_override": "localhost" } : {}),
    });
    this.#call = this.#client.makeBidiStreamRequest(path, raw, (bytes: Buffer) => bytes);
    this.#call.on("data", (bytes: Buffer) => this.responses.push(options.decode(bytes)));
    this.#call.on("error", (error) => (this.ended = error.message));
    this.#call.on("end", () => (this.ended ??= "ended"));
  }

  send(bytes: Uint8Array): void {
    this.#call.write(bytes);
  }

  /** Reads nothing from now on, so that the transport's window fills. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  /** The next response of the type; fails after a while. */
  next(type: ResourceType): Promise<Response> {
    return vi.waitFor(() => {
      const at = this.responses.findIndex(({ typeUrl }) => typeUrl === urlOf(type));
      const [found] = at < 0 ? [] : this.responses.splice(at, 1);
      if (!found) throw new Error(`no response of ${type}; ${this.ended ?? "the stream is open"}`);
      return found;
    }, LIMIT);
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

export interface Introduction {
  readonly id?: string;
  readonly fleet?: string;
  readonly secure?: ChannelCredentials;
}

function encode<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  return toBinary(schema, create(schema, init));
}

type DeltaInit = Omit<MessageInitShape<typeof DeltaDiscoveryRequestSchema>, "$typeName">;
type StateInit = Omit<MessageInitShape<typeof DiscoveryRequestSchema>, "$typeName">;

const nodeOf = ({ id = "one", fleet = "edge" }: Introduction) => ({ id, cluster: fleet });

/** Speaks the incremental form. */
export class DeltaClient extends Exchange<DeltaDiscoveryResponse> {
  readonly #who: Introduction;

  constructor(port: number, who: Introduction = {}) {
    const decode = (bytes: Buffer): DeltaDiscoveryResponse => fromBinary(DeltaDiscoveryResponseSchema, bytes);
    super(port, `${ADS}/DeltaAggregatedResources`, { decode, ...(who.secure ? { secure: who.secure } : {}) });
    this.#who = who;
  }

  ask(type: ResourceType, init: DeltaInit = {}): void {
    this.send(encode(DeltaDiscoveryRequestSchema, { node: nodeOf(this.#who), typeUrl: urlOf(type), ...init }));
  }

  subscribe(type: ResourceType, ...names: string[]): void {
    this.ask(type, { resourceNamesSubscribe: names });
  }

  acknowledge({ typeUrl, nonce }: DeltaDiscoveryResponse): void {
    this.send(encode(DeltaDiscoveryRequestSchema, { typeUrl, responseNonce: nonce }));
  }

  refuse({ typeUrl, nonce }: DeltaDiscoveryResponse, message: string): void {
    this.send(
      encode(DeltaDiscoveryRequestSchema, { typeUrl, responseNonce: nonce, errorDetail: { code: 13, message } }),
    );
  }

  /** The next response of the type, acknowledged. */
  async take(type: ResourceType): Promise<DeltaDiscoveryResponse> {
    const response = await this.next(type);
    this.acknowledge(response);
    return response;
  }
}

/** Speaks the state-of-the-world form. */
export class StateClient extends Exchange<DiscoveryResponse> {
  readonly #who: Introduction;

  constructor(port: number, who: Introduction = {}) {
    const decode = (bytes: Buffer): DiscoveryResponse => fromBinary(DiscoveryResponseSchema, bytes);
    super(port, `${ADS}/StreamAggregatedResources`, { decode, ...(who.secure ? { secure: who.secure } : {}) });
    this.#who = who;
  }

  ask(type: ResourceType, init: StateInit = {}): void {
    this.send(encode(DiscoveryRequestSchema, { node: nodeOf(this.#who), typeUrl: urlOf(type), ...init }));
  }

  acknowledge({ typeUrl, nonce, versionInfo }: DiscoveryResponse, ...resourceNames: string[]): void {
    this.send(encode(DiscoveryRequestSchema, { typeUrl, responseNonce: nonce, versionInfo, resourceNames }));
  }

  refuse({ typeUrl, nonce }: DiscoveryResponse, message: string, ...resourceNames: string[]): void {
    const errorDetail = { code: 13, message };
    this.send(encode(DiscoveryRequestSchema, { typeUrl, responseNonce: nonce, resourceNames, errorDetail }));
  }

  async take(type: ResourceType, ...resourceNames: string[]): Promise<DiscoveryResponse> {
    const response = await this.next(type);
    this.acknowledge(response, ...resourceNames);
    return response;
  }
}

/** Names in a response, sorted. */
export const namesIn = (response: DeltaDiscoveryResponse): string[] =>
  response.resources.map(({ name }) => name).toSorted();
