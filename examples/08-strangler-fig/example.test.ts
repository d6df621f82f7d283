// Does the story in the README happen as it is told, and does no user of the shop notice?
import { afterAll, beforeAll, expect, test } from "vitest";
import { Example } from "../readme.ts";

let example: Example;

beforeAll(async () => {
  example = await Example.open(import.meta.dirname, [8080, 9000]);
});
afterAll(() => example.close());

test("every command of the README shows what the README says", async () => {
  const codes: Record<string, number[]> = {};
  for (const shown of example.commands) {
    const done = await example.run(shown);
    expect(done.missing, `${done.command}\n${done.out}`).toEqual([]);
    (codes[done.command] ??= []).push(done.code);
  }
  // The search that fails, and the mended one.
  expect(codes["serin watch facade/shop"]).toEqual([3, 0]);
  const others = Object.entries(codes).filter(([command]) => command !== "serin watch facade/shop");
  expect(others.flatMap(([, list]) => list).filter((code) => code !== 0)).toEqual([]);
});
