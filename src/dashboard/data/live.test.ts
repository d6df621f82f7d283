// Does what is shown follow what happened, without loss or doubling?
import { expect, test } from "vitest";
import { changed } from "./live.ts";
import type { ServiceSummary } from "../../api/contract.ts";

const row = (service: string, version = 1): ServiceSummary => ({
  service,
  version,
  health: "well",
  ready: 1,
  wanted: 1,
  weights: {},
  troubles: {},
});

test("rows change in place, come and go", () => {
  const before = {
    pages: [
      { items: [row("a"), row("b")], total: 3 },
      { items: [row("c")], total: 3 },
    ],
    pageParams: [],
  };
  const rows = new Map([
    ["b", row("b", 2)],
    ["c", undefined],
    ["d", row("d")],
    ["gone", undefined],
  ]);
  const after = changed(before, rows).pages.map(({ items }) => items.map(({ service, version }) => service + version));
  expect(after).toEqual([["d1", "a1", "b2"], []]);
  expect(changed(before, new Map()).pages[0]?.items[0]).toBe(before.pages[0]?.items[0]);
});
