// Are the figures of a plan understood as people type them?
import { expect, test } from "vitest";
import { namesOf, readNumbers } from "./options.ts";

test.for([
  [{}, { alpha: 0.05, split: 0.5 }],
  [
    { alpha: "1%", split: ".2" },
    { alpha: 0.01, split: 0.2 },
  ],
  [
    { baseline: "10%", lift: "1pt", power: "0.9" },
    { alpha: 0.05, split: 0.5, sample: { baseline: 0.1, lift: { kind: "absolute", value: 0.01 }, power: 0.9 } },
  ],
  [
    { baseline: "0.1", lift: "-5%" },
    { alpha: 0.05, split: 0.5, sample: { baseline: 0.1, lift: { kind: "relative", value: -0.05 }, power: 0.8 } },
  ],
] as const)("%j", ([typed, plan]) => expect(readNumbers(typed)).toEqual(plan));

test.for([
  [{ alpha: "5", power: "x" }, ["alpha: found 5, a share", "power: found x, a share"]],
  [{ baseline: "10%" }, ["lift: is missing: a planned sample needs --baseline and --lift"]],
  [{ lift: "10%" }, ["baseline: is missing: a planned sample needs"]],
  [{ lift: "10", baseline: "0%" }, ["baseline: found 0%", "lift: found 10, a lift is 10% of the baseline or 1pt"]],
  [{ lift: "95pt", baseline: "10%" }, ["lift: found 95pt: the lifted rate must be between 0 and 1"]],
] as const)("%j is wrong", ([typed, wrong]) => {
  const read = readNumbers(typed);
  if ("alpha" in read) throw new Error("read");
  const texts = read.map(({ option, message }) => `${option ?? ""}: ${message}`);
  expect(texts).toEqual(wrong.map((text) => expect.stringContaining(text) as unknown));
});

test("which variant is which", () => {
  expect(namesOf({}, ["blue", "green"])).toEqual({ control: "blue", treatment: "green" });
  expect(namesOf({ control: "green" }, ["blue", "green"])).toEqual({ control: "green", treatment: "blue" });
  expect(namesOf({ treatment: "blue" }, ["blue", "green"])).toEqual({ control: "green", treatment: "blue" });
  const three = ["blue", "green", "red"];
  expect(namesOf({ control: "red", treatment: "blue" }, three)).toEqual({ control: "red", treatment: "blue" });
});

test.for([
  [{}, ["blue"], "found 1 variant (blue), there must be two"],
  [{}, [], "found 0 variants (none), there must be two"],
  [{}, ["a", "b", "c"], "found 3 variants (a, b, c), there must be two, or --control and --treatment must name them"],
  [{ control: "a" }, ["a", "b", "c"], "found 3 variants"],
  [{ control: "x" }, ["a", "b"], "no line has the variant x; there are: a, b"],
  [{ control: "a", treatment: "a" }, ["a", "b"], "found a, which is the control already"],
] as const)("%j among %j", ([typed, found, message]) => {
  expect(namesOf(typed, found)).toMatchObject({ message: expect.stringContaining(message) as unknown });
});
