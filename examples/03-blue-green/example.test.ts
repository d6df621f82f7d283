// Is green seen before it is switched to, is the switch quick in both directions, and does no request fail?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_030, 18_031]);
  expect(wrong).toEqual([]);
  const asked = done.filter(({ command }) => command.startsWith("curl")).map(({ out }) => out.trim());
  expect(asked).toEqual(["the shop, version v1, blue", "the shop, version v3, green", "the shop, version v3, green"]);
  const seen = done.find(({ command }) => command === "kill %2")?.out ?? "";
  expect(seen).not.toContain("v2");
});
