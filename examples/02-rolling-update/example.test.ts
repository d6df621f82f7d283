// Does a rolling update go as its README tells, and does nobody notice?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { wrong } = await play(import.meta.dirname, [18_020]);
  expect(wrong).toEqual([]);
});
