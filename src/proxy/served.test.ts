// Do routes that are kept come back, from this version and from those before?
import { expect, test } from "vitest";
import { all, type Section } from "../core/split.ts";
import { changed, kept, routesOf, toKeep, undoOf, type ServedRoute } from "./served.ts";

const section = (name: string): Section => ({ name, order: 0, when: [[{ on: "path", is: { prefix: `/${name}` } }]] });
const everybody: ServedRoute = { split: { weights: all("stable") }, pools: {} };
const cart: ServedRoute = { ...everybody, section: section("cart") };

test.each<[string, readonly ServedRoute[]]>([
  ["nothing", []],
  ["one of everybody", [everybody]],
  ["one of a section", [cart]],
  ["both", [everybody, cart]],
])("%s is kept and read again", (_, routes) => {
  expect(kept(JSON.parse(JSON.stringify(toKeep(routesOf(routes)))))).toEqual(routes);
});

test("one route of everybody is kept as older versions keep and read it", () => {
  expect(toKeep(routesOf([everybody]))).toEqual(everybody);
  expect(kept(everybody)).toEqual([everybody]);
  expect(kept(undefined)).toEqual([]);
});

test("every change has its way back", () => {
  const before = routesOf([everybody, cart]);
  const other: ServedRoute = { ...cart, split: { weights: all("canary") } };
  const account: ServedRoute = { ...everybody, section: section("account") };
  for (const change of [
    { op: "route", route: other },
    { op: "route", route: account },
    { op: "route", route: everybody },
    { op: "drop", section: "cart" },
    { op: "drop", section: "nobody" },
  ] as const) {
    expect(Object.fromEntries(changed(changed(before, change), undoOf(change, before)))).toEqual(
      Object.fromEntries(before),
    );
  }
});
