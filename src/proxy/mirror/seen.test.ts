// Is an answer read as its user saw it?
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { answerOf, dechunked, decoded } from "./seen.ts";

const type = ["content-type", "application/json"] as const;

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
] as const)("what is encoded with %s is decoded", (coding, encode) => {
  expect(decoded([type, ["content-encoding", coding]], encode(Buffer.from('{"ä":1}')))).toBe('{"ä":1}');
});

test("what is not as it says stays bytes, and what would be very large is not compared", () => {
  const garbage = Buffer.from("no gzip");
  expect(decoded([type, ["content-encoding", "gzip"]], garbage)).toBe(garbage);
  expect(decoded([type, ["content-encoding", "gzip"]], gzipSync(Buffer.alloc(3_000_000)))).toBeUndefined();
  const image = Buffer.from([1, 2]);
  expect(decoded([["content-type", "image/png"]], image)).toBe(image);
  expect(decoded([], Buffer.alloc(0))).toBe("");
});

test("chunks are put together, unless one is missing", () => {
  expect(dechunked(Buffer.from("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))?.toString()).toBe("abcde");
  expect(dechunked(Buffer.from("3\r\nabc\r\n"))).toBeUndefined();
});

test("status, headers and body are taken from the bytes", () => {
  const raw = Buffer.from(
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX-A: b: c\r\n\r\n2\r\nok\r\n0\r\n\r\n",
  );
  const headers = [
    ["transfer-encoding", "chunked"],
    ["x-a", "b: c"],
  ];
  expect(answerOf(raw, true)).toEqual({ status: 201, headers, body: "ok" });
  expect(answerOf(raw, false)).toEqual({ status: 201, headers, body: undefined });
  expect(answerOf(Buffer.from("HTTP/1.1 200"), true)).toBeUndefined();
});
