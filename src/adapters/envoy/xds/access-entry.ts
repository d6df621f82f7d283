// What does Envoy say about one request? Read by hand: at many thousands a second nothing else may be built of it.
import type { BinaryReader } from "@bufbuild/protobuf/wire";
import { durationMs, endOf, skip, text } from "./reader.ts";

/** One line of the access log. The object is used again for the next one: take from it what is kept. */
export interface AccessEntry {
  /** The cluster that was chosen; empty when none was. */
  cluster: string;
  /** The route's name; empty when it has none. */
  route: string;
  /** The last endpoint that was tried; empty when there was none. */
  host: string;
  port: number;
  /** What the client got; 0 when it got nothing. */
  status: number;
  /** From the first byte of the request to the last of the answer; 0 when there was no answer. A fraction of a millisecond counts. */
  durationMs: number;
  /** How often an upstream was tried. */
  attempts: number;
  /** Why Envoy answered in its own name, or the answer was cut off: bits of `FLAGS`. */
  flags: number;
  /** Number of Envoy's `AccessLogType`: whether this is a request's end, or a look at one that goes on. */
  kind: number;
}

export function makeEntry(): AccessEntry {
  return { cluster: "", route: "", host: "", port: 0, status: 0, durationMs: 0, attempts: 0, flags: 0, kind: 0 };
}

const bit = (field: number): number => 1 << (field - 1);

/** Envoy's response flags, by their fields' numbers; the names in brackets are those of its text logs. */
export const FLAGS = {
  /** UH */
  noHealthyUpstream: bit(2),
  /** UT */
  upstreamRequestTimeout: bit(3),
  /** LR */
  localReset: bit(4),
  /** UR */
  upstreamRemoteReset: bit(5),
  /** UF */
  upstreamConnectionFailure: bit(6),
  /** UC */
  upstreamConnectionTermination: bit(7),
  /** UO */
  upstreamOverflow: bit(8),
  /** NR */
  noRouteFound: bit(9),
  /** RL */
  rateLimited: bit(12),
  /** DC */
  downstreamConnectionTermination: bit(15),
  /** URX */
  upstreamRetryLimitExceeded: bit(16),
  /** SI */
  streamIdleTimeout: bit(17),
  /** DPE */
  downstreamProtocolError: bit(19),
  /** DT */
  durationTimeout: bit(23),
  /** UPE */
  upstreamProtocolError: bit(24),
  /** NC */
  noClusterFound: bit(25),
  /** OM */
  overloadManager: bit(26),
  /** DR */
  downstreamRemoteReset: bit(28),
} as const;

/** Names of the flags that are set. */
export function flagNames(flags: number): readonly string[] {
  return Object.entries(FLAGS).flatMap(([name, value]) => ((flags & value) === 0 ? [] : [name]));
}

/** A field's number and form in one, as it is on the wire. */
const varint = (field: number): number => field << 3;
const bytes = (field: number): number => (field << 3) | 2;

const ENTRY = { common: bytes(1), response: bytes(4) };
const COMMON = {
  lastByte: bytes(12),
  upstream: bytes(13),
  cluster: bytes(15),
  flags: bytes(16),
  route: bytes(19),
  duration: bytes(23),
  attempts: varint(24),
  kind: varint(33),
};
const RESPONSE = { code: bytes(1) };
const ADDRESS = { socket: bytes(1) };
const SOCKET = { address: bytes(2), port: varint(3) };
const VALUE = varint(1);

function readFlags(reader: BinaryReader): number {
  const end = endOf(reader);
  let flags = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if ((tag & 7) !== 0) skip(reader, tag);
    else if (reader.uint32() !== 0 && field <= 31) flags |= bit(field);
  }
  return flags;
}

function readSocket(reader: BinaryReader, buffer: Buffer, entry: AccessEntry): void {
  const end = endOf(reader);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === SOCKET.address) entry.host = text(reader, buffer);
    else if (tag === SOCKET.port) entry.port = reader.uint32();
    else skip(reader, tag);
  }
}

function readAddress(reader: BinaryReader, buffer: Buffer, entry: AccessEntry): void {
  const end = endOf(reader);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ADDRESS.socket) readSocket(reader, buffer, entry);
    else skip(reader, tag);
  }
}

function readCommon(reader: BinaryReader, buffer: Buffer, entry: AccessEntry): void {
  const end = endOf(reader);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === COMMON.cluster) entry.cluster = text(reader, buffer);
    else if (tag === COMMON.route) entry.route = text(reader, buffer);
    else if (tag === COMMON.upstream) readAddress(reader, buffer, entry);
    else if (tag === COMMON.lastByte) entry.durationMs = durationMs(reader);
    else if (tag === COMMON.flags) entry.flags = readFlags(reader);
    else if (tag === COMMON.attempts) entry.attempts = reader.uint32();
    else if (tag === COMMON.kind) entry.kind = reader.uint32();
    else skip(reader, tag);
  }
  if (reader.pos !== end) throw new RangeError("a field is longer than the entry that holds it");
}

function readResponse(reader: BinaryReader, entry: AccessEntry): void {
  const end = endOf(reader);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag !== RESPONSE.code) {
      skip(reader, tag);
      continue;
    }
    const inner = endOf(reader);
    while (reader.pos < inner) {
      const field = reader.uint32();
      if (field === VALUE) entry.status = reader.uint32();
      else skip(reader, field);
    }
  }
}

/** Reads the entry that begins at the reader's place into `entry`, which keeps nothing of the one before. */
export function readEntry(reader: BinaryReader, buffer: Buffer, entry: AccessEntry): void {
  const end = endOf(reader);
  Object.assign(entry, EMPTY);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ENTRY.common) readCommon(reader, buffer, entry);
    else if (tag === ENTRY.response) readResponse(reader, entry);
    else skip(reader, tag);
  }
  if (reader.pos !== end) throw new RangeError("an entry is longer than the message that holds it");
}

const EMPTY = makeEntry();
