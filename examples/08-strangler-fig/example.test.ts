// Does the story in the README happen as it is told, and does no user of the shop notice?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

const WATCH = "serin watch facade/shop";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [8080, 9000], [WATCH]);
  expect(wrong).toEqual([]);
  // The search that fails, and the mended one.
  const codes = done.filter(({ command }) => command === WATCH).map(({ code }) => code);
  expect(codes).toEqual([3, 0]);
});
