// Does the story in the README happen as it is told?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

const WATCH = "serin watch release/shop";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [8081, 8082], [WATCH]);
  expect(wrong).toEqual([]);
  // The release with a bad checkout, the mended one, and that one taken back.
  const codes = done.filter(({ command }) => command === WATCH).map(({ code }) => code);
  expect(codes).toEqual([3, 0, 3]);
});
