// Are paths read as they are meant?
import { expect, test } from "vitest";
import { badIgnore, leavesOut } from "./ignore.ts";

test("a path leaves out one part, and .* all that is in it", () => {
  const leaves = leavesOut(["body.a", "body.items[].id", "body.meta.*", "body.rows.*"]);
  for (const path of ["body.a", "body.items[].id", "body.meta.x", "body.rows[]"]) expect(leaves(path), path).toBe(true);
  for (const path of ["body", "body.ab", "body.items[]", "body.meta", "body.metal"]) {
    expect(leaves(path), path).toBe(false);
  }
});

test.each(["status", "body", "header.etag", "body[].id", "body.items[].a.*", "header.*"])("%s can be", (path) => {
  expect(badIgnore(path)).toBeUndefined();
});

test.each(["", "items.id", "body.*.id", "status.code", "status.*", "bodyguard", "headers.etag"])(
  "%s cannot",
  (path) => {
    expect(badIgnore(path)).toEqual(expect.any(String));
  },
);
