// Does what is shown follow what happened, without loss or doubling?
import { expect, test } from "vitest";
import type { DecisionRecord } from "../../core/engine/state.ts";
import { ms } from "../../core/units.ts";
import { changed, joined } from "./live.ts";
import type { ServiceSummary } from "./soon.ts";

const row = (service: string, version = 1): ServiceSummary => ({
  service,
  version,
  health: "well",
  ready: 1,
  wanted: 1,
  weights: {},
  troubles: {},
});

const record = (version: number, text: string): DecisionRecord => ({
  atMs: ms(0),
  version,
  rollout: 1,
  kind: "step",
  text,
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

test("decisions are added once, all of a version together", () => {
  const before = [record(1, "a"), record(2, "b")];
  const after = joined(before, [record(2, "b"), record(3, "c"), record(3, "d")]);
  expect(after.map(({ text }) => text)).toEqual(["a", "b", "c", "d"]);
  expect(joined(after, [record(3, "c"), record(3, "d")])).toBe(after);
});
