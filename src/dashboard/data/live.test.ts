// Does what is shown follow what happened, without loss or doubling?
import { expect, test } from "vitest";
import { rowsOf } from "./live.ts";
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

const said = (rows: readonly ServiceSummary[]): readonly string[] =>
  rows.map(({ service, version }) => service + version);

test("rows change in place, come and go", () => {
  const pages = [
    { items: [row("a"), row("b")], total: 3 },
    { items: [row("c")], total: 3 },
  ];
  const told = new Map([
    ["b", row("b", 2)],
    ["c", undefined],
    ["d", row("d")],
    ["gone", undefined],
  ]);
  expect(said(rowsOf(pages, told))).toEqual(["d1", "a1", "b2"]);
  expect(rowsOf(pages, new Map())[0]).toBe(pages[0]?.items[0]);
});

test("a service that is told of before its page is read, or that is on two pages, is one row, as it is known last", () => {
  const told = new Map([
    ["b", row("b", 5)],
    ["c", row("c", 2)],
  ]);
  const first = [{ items: [row("a", 4)], total: 3 }];
  expect(said(rowsOf(first, told))).toEqual(["b5", "c2", "a4"]);
  const both = [...first, { items: [row("a", 3), row("b", 4), row("c", 3)], total: 3 }];
  expect(said(rowsOf(both, told))).toEqual(["a4", "b5", "c3"]);
});
