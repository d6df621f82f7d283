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

test.each([
  ["", "must be status, header.NAME"],
  ["items.id", "a place such as body.items[].id"],
  ["body.*.id", "only at its end"],
  ["status.code", "must be status, header.NAME"],
  ["status.*", "which has no parts"],
  ["bodyguard", "must be status, header.NAME"],
  ["headers.etag", "must be status, header.NAME"],
  ["header", "must name a header, as header.etag"],
  ["header.ETag", "in lower case"],
  ["header.", "in lower case"],
  ["header.etag.*", "must be header.etag alone"],
])("%s cannot, and what would be right is said", (path, why) => {
  expect(badIgnore(path)).toContain(why);
});
