// Which descriptors does a program carry?
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, type FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/** The last field of a serialized file descriptor: `syntax = "proto3"`. Files of the older syntax have none. */
const PROTO3 = Buffer.from("\x62\x06proto3", "latin1");
const NAME = /[\w/.-]+\.proto/gu;

/** The descriptor that begins at `start`: its fields come in ascending order, so that it ends where they do not. */
function descriptor(bytes: Buffer, start: number): FileDescriptorProto | undefined {
  const fields = new Set([1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12]);
  let at = start;
  let last = 0;
  for (;;) {
    const field = (bytes[at] ?? 0) >> 3;
    const wire = (bytes[at] ?? 0) & 7;
    // Public and weak dependencies (10, 11) are numbers; all others have a length.
    const whole = field === 10 || field === 11 ? wire === 0 : wire === 2;
    if (!fields.has(field) || !whole || field < last) break;
    last = field;
    at += 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at] ?? 0;
      at += 1;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (wire === 2) at += length;
    if (field === 12 && bytes.subarray(at - PROTO3.length, at).equals(PROTO3)) break;
  }
  try {
    return fromBinary(FileDescriptorProtoSchema, bytes.subarray(start, at));
  } catch {
    // Bytes that only look like a beginning; whatever is missed is named by `prune`.
    return undefined;
  }
}

/** Every serialized `.proto` file in the program, by name. */
export function embeddedFiles(program: Buffer): Map<string, FileDescriptorProto> {
  const found = new Map<string, FileDescriptorProto>();
  // As latin1 one character is one byte; in pieces, since a string of the whole would be too long.
  const piece = 1 << 24;
  for (let from = 0; from < program.length; from += piece) {
    const text = program.toString("latin1", from, Math.min(program.length, from + piece + 256));
    for (const { 0: match, index } of text.matchAll(NAME)) {
      // The first field is the name: its tag, its length (which may look like a letter of it), itself.
      const name = match.slice(text[index - 1] === "\n" ? 1 : 0);
      const start = index + match.length - name.length - 2;
      if (text[start] !== "\n" || text.charCodeAt(start + 1) !== name.length || found.has(name)) continue;
      const file = descriptor(program, from + start);
      if (file) found.set(name, file);
    }
  }
  return found;
}
