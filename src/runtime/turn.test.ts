import { expect, test } from "vitest";
import { turnOf } from "./turn.ts";

test("services that are taken up together share out the time in between", () => {
  const turns = Array.from({ length: 2_000 }, (_, index) => turnOf(`app-${index}.shop`));
  const counts = Array.from(
    { length: 20 },
    (_, slot) => turns.filter((turn) => Math.ceil(turn * 20) === slot + 1).length,
  );
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2_000);
  // A hundred in each of twenty parts; five standard deviations of chance would be fifty.
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(50);
});

test("and each keeps its own", () => {
  expect(turnOf("checkout.prod")).toBe(turnOf("checkout.prod"));
  expect(turnOf("checkout.prod")).not.toBe(turnOf("checkout.test"));
});
