// Does whoever reads page after page meet every service, whatever happens to them meanwhile?
import { expect, test } from "vitest";
import type { ServiceSummary } from "./contract.ts";
import { byUrgency, type Order } from "./order.ts";
import { pageOf } from "./summary.ts";

const NAMES = Array.from({ length: 9 }, (_, index) => `s${index}`);

const row = (service: string, isDown = false): ServiceSummary => ({
  service,
  version: 1,
  health: isDown ? "down" : "well",
  ready: 1,
  wanted: 1,
  weights: {},
  troubles: {},
  attention: isDown ? { for: "down", text: "nothing answers" } : undefined,
});

/** Reads all pages, while the last service goes down after the first one. */
function read(order: Order): readonly string[] {
  const met: string[] = [];
  let cursor: string | undefined;
  let isDown = false;
  do {
    const rows = NAMES.map((name) => row(name, isDown && name === "s8"));
    const page = pageOf(rows, { limit: 4, cursor, order });
    met.push(...page.items.map(({ service }) => service));
    cursor = page.next;
    isDown = true;
  } while (cursor !== undefined);
  return met;
}

test("by name nobody is missed who needs attention between two pages; by urgency somebody may be", () => {
  expect(read("name")).toEqual(NAMES);
  expect(read("urgency")).toEqual(NAMES.slice(0, 8));
});

test("those that need attention are first, and those of one urgency by name", () => {
  const rows = byUrgency([row("b"), row("d", true), row("a"), row("c", true)]);
  expect(rows.map(({ service }) => service)).toEqual(["c", "d", "a", "b"]);
});
