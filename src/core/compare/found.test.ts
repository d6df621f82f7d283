// Is a difference told from noise?
import { expect, test } from "vitest";
import type { Comparison, FieldCounts } from "../comparison.ts";
import { foundDifferences, logEvidence } from "./found.ts";

const field = (path: string, candidate: number, noise = 0): FieldCounts => ({ path, candidate, noise, examples: [] });
const comparison = (answers: number, noise: number, fields: readonly FieldCounts[]): Comparison => ({
  epoch: "e",
  candidate: answers,
  noise,
  shed: 0,
  failed: 0,
  fields,
});
const found = (of: Comparison, baseline = true): string[] =>
  foundDifferences(of, { alpha: 0.01, baseline }).map(({ path }) => path);

test("a rare one is, beside parts that always differ", () => {
  const noise = [
    field("body.at", 10_000, 10_000),
    field("body.id", 9_990, 9_995),
    field("header.x-id", 10_000, 10_000),
  ];
  expect(found(comparison(10_000, 10_000, [...noise, field("body.price", 20)]))).toEqual(["body.price"]);
  expect(found(comparison(1_000, 1_000, [...noise, field("body.price", 2)]))).toEqual([]);
});

test("one that noise has as well is not, until it is much more frequent", () => {
  expect(found(comparison(5_000, 5_000, [field("body.a", 60, 50)]))).toEqual([]);
  expect(found(comparison(5_000, 5_000, [field("body.a", 160, 50)]))).toEqual(["body.a"]);
});

test("fewer answers of noise make it weaker evidence", () => {
  const seen = field("body.a", 10);
  const even = logEvidence(seen, { candidate: 1_000, noise: 1_000 });
  expect(logEvidence(seen, { candidate: 1_000, noise: 100 })).toBeLessThan(even);
  expect(logEvidence(field("body.a", 0, 10), { candidate: 1_000, noise: 1_000 })).toBeLessThan(0);
});

test("without a second copy of stable every one is found, and marked", () => {
  const seen = comparison(100, 0, [field("body.a", 1), field("body.b", 0)]);
  expect(foundDifferences(seen, { alpha: 0.01, baseline: false })).toEqual([
    { ...field("body.a", 1), noiseKnown: false, howSure: 0 },
  ]);
  // It is on its way.
  expect(found(seen)).toEqual([]);
});

test("how sure follows from the evidence", () => {
  const [one] = foundDifferences(comparison(1_000, 1_000, [field("status", 1_000)]), { alpha: 0.01, baseline: true });
  expect(one?.howSure).toBeGreaterThan(0.999);
});
