// Does the name of a signal say its source, and nothing else that it does not mean?
import { expect, test } from "vitest";
import { answeredBy } from "./exposition/names.ts";
import { readSignalName, signalName } from "./signal-names.ts";

test.each([
  { source: "prom", asks: "series", text: 'orders_total{result="paid"}' },
  { source: "prom", asks: "query", text: 'avg(queue{role="{{role}}"}) - 1' },
  { source: "a.b-c", asks: "query", text: "= 3" },
] as const)("$source $text", (named) => {
  const name = signalName(named);
  expect(readSignalName(name)).toEqual(named);
  expect(answeredBy(name)).toBe("source");
});

test("what a page or a process tells is of no source", () => {
  for (const name of ["orders_total", 'orders_total{at="@prom x"}', "process.memory", "@alone"])
    expect(readSignalName(name)).toBeUndefined();
  expect(answeredBy("process.memory")).toBe("process");
  expect(answeredBy("orders_total")).toBe("exposition");
});
