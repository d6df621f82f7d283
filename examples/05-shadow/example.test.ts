// Is the difference found that is there, and none that is not, and do users see nothing of it?
import { expect, test } from "vitest";
import { play } from "../readme.ts";

test("every command of the README shows what the README says", async () => {
  const { done, wrong } = await play(import.meta.dirname, [18_050]);
  expect(wrong).toEqual([]);
  const found = done.find(({ command }) => command.startsWith("serin run v2.yaml"))?.out ?? "";
  expect(found).not.toMatch(/differ in [^;]*(?:sizes|body\.at|body\.id)/u);
});
