// Do counts add up, however many parts there are?
import { expect, test } from "vitest";
import { FieldTotals } from "./totals.ts";

const example = { request: "GET /", stable: "1", candidate: "2" };
const field = (path: string, candidate: number, noise = 0) => ({ path, candidate, noise, examples: [example] });

test("by path, those with the most differences first, with the first three examples", () => {
  const totals = new FieldTotals();
  for (let i = 0; i < 5; i += 1) totals.add(field("body.a", 1, 2));
  totals.add(field("status", 7));
  expect(totals.read()).toEqual([
    { path: "status", candidate: 7, noise: 0, examples: [example] },
    { path: "body.a", candidate: 5, noise: 10, examples: [example, example, example] },
  ]);
});

test("of more than 200 parts, those that come late are one, and none is lost", () => {
  const totals = new FieldTotals();
  for (let i = 0; i < 1_000; i += 1) totals.add(field(`body.k${i}`, 1));
  totals.add(field("header.etag", 1));
  totals.add(field("status", 1));
  const read = totals.read();
  expect(read.length).toBeLessThanOrEqual(201);
  expect(read.reduce((sum, { candidate }) => sum + candidate, 0)).toBe(1_002);
  expect(read[0]?.path).toBe("body.*");
});
