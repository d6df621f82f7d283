// Do connections that are kept too long tell, though every request is answered well?
import { beforeAll, describe, expect, test } from "vitest";
import { build, HAS_JAVA } from "../java.ts";
import { play } from "../readme.ts";

describe.skipIf(!HAS_JAVA)("with javac and mvn", () => {
  beforeAll(async () => await build(import.meta.dirname), 1_800_000);

  test("every command of the README shows what the README says", async () => {
    const { done, wrong } = await play(import.meta.dirname, [18_150]);
    expect(wrong).toEqual([]);
    const seen = done.find(({ command }) => command === "kill %2")?.out ?? "";
    // The proxy has seen nothing that could have told.
    expect(seen).toMatch(/v1 \d+ {2}v2 \d+ {2}v3 \d+: no request failed/u);
  });
});
