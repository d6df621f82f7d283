// Do comparisons, tests and hooks read well?
import { expect, test } from "vitest";
import { ms, weight } from "../core/units.ts";
import { comparisonLines, runLines, splitLines } from "./besides.ts";

test("rules, the preview address and copies are named", () => {
  const split = {
    weights: { stable: weight(1_000_000) },
    matches: [
      { when: [{ on: "header", name: "x-beta", is: { exact: "1" } }], to: "canary" },
      { when: [{ on: "listener", is: "preview" }], to: "canary" },
    ],
    mirror: { to: ["canary", "baseline"], share: weight(200_000), methods: "safe" },
  } as const;
  expect(splitLines({ split }, 120)).toEqual([
    'requests with header x-beta is "1" go to canary',
    "requests at the preview address go to canary",
    "20% of GET, HEAD and OPTIONS requests are copied to canary and baseline; nobody gets their answers",
  ]);
});

test("a part that differs is shown with how often, against noise, and with an example", () => {
  const example = { request: "GET /api/price?id=7", stable: "19.9", candidate: "19.90" };
  const comparison = {
    epoch: "1",
    candidate: 5_012,
    noise: 5_010,
    shed: 12,
    failed: 0,
    fields: [
      { path: "body.price", candidate: 11, noise: 0, examples: [example] },
      { path: "body.at", candidate: 0, noise: 3, examples: [] },
    ],
  };
  expect(comparisonLines(comparison, 120)).toEqual([
    "compared 5 012 answers of the canary, 5 010 of a second copy of stable; 12 copies left out, 0 not answered",
    "  body.price: differs in 11 of 5 012, of the second copy of stable 0 of 5 010",
    "      GET /api/price?id=7: 19.9 became 19.90",
  ]);
  expect(comparisonLines({ ...comparison, shed: 0, noise: 0, fields: [] }, 120)).toEqual([
    "compared 5 012 answers of the canary",
    "  no part differs",
  ]);
});

test("of a hook's output the end is shown", () => {
  const output = Array.from({ length: 20 }, (_, line) => `line ${line}`).join("\n");
  const run = {
    id: "shop/2/hook/1/0",
    name: "smoke",
    ok: false,
    result: "exited with code 1",
    startedMs: ms(0),
    endedMs: ms(1),
  };
  const lines = runLines({ ...run, output, attempts: 3 });
  expect(lines).toHaveLength(9);
  expect(lines[0]).toBe("after 3 attempts");
  expect(lines.at(-1)).toBe("line 19");
});
