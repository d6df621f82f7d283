// How are messages put into one another?
import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { ApiVersion, type ConfigSourceSchema } from "../protos/envoy/config/core/v3/config_source_pb.ts";
import { anyPack, DurationSchema, type Any, type Duration } from "@bufbuild/protobuf/wkt";

/** What a message is made of, before it is made. */
export type Init<D extends DescMessage> = Exclude<MessageInitShape<D>, MessageShape<D>>;

/** A message in the wrapping that tells its type. */
export function anyOf<D extends DescMessage>(schema: D, message: MessageInitShape<D>): Any {
  return anyPack(schema, create(schema, message));
}

export function durationOf(timeMs: number): Duration {
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(timeMs / 1_000)),
    nanos: Math.round(timeMs % 1_000) * 1_000_000,
  });
}

/** Where a resource of another type comes from: the same stream. */
export function fromXds(): Init<typeof ConfigSourceSchema> {
  return { configSourceSpecifier: { case: "ads", value: {} }, resourceApiVersion: ApiVersion.V3 };
}

/** An expression that matches exactly this text. */
export function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`);
}
