// How is a message read without building it?
import { WireType, type BinaryReader } from "@bufbuild/protobuf/wire";

/** Where the message that begins here ends. */
export function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError("a field is longer than the message that holds it");
  return end;
}

/** Text at the reader's place. */
export function text(reader: BinaryReader, bytes: Buffer): string {
  const end = endOf(reader);
  const found = bytes.toString("utf8", reader.pos, end);
  reader.pos = end;
  return found;
}

/** Seconds and nanoseconds as milliseconds with their fraction. */
export function durationMs(reader: BinaryReader): number {
  const end = endOf(reader);
  let value = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === 0x08) value += Number(reader.int64()) * 1_000;
    else if (tag === 0x10) value += reader.int32() / 1_000_000;
    else skip(reader, tag);
  }
  return value;
}

const FORMS = [
  WireType.Varint,
  WireType.Bit64,
  WireType.LengthDelimited,
  WireType.StartGroup,
  WireType.EndGroup,
  WireType.Bit32,
];

/** Passes over a field's value. */
export function skip(reader: BinaryReader, tag: number): void {
  const form = FORMS[tag & 7];
  if (form === undefined) throw new RangeError(`no such wire type: ${tag & 7}`);
  reader.skip(form, tag >>> 3);
}
