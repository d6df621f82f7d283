// When does a comparison begin anew?
import { expect, test } from "vitest";
import type { Mirror } from "../../core/mirror.ts";
import { all, type Route } from "../../core/split.ts";
import { weightOf } from "../../core/units.ts";
import { EVERYBODY } from "../served.ts";
import { MirrorBook } from "./book.ts";
import { MirrorBooks } from "./books.ts";
import { keyOf, noSums, type Mirrored } from "./messages.ts";

const route = (mirror: Partial<Mirror> | undefined, canary = "v2", port = 1): Route => ({
  split: {
    weights: all("stable"),
    mirror: mirror && { to: ["canary"], share: weightOf(1), methods: "safe", compare: { ignore: [] }, ...mirror },
  },
  pools: {
    stable: { pool: "v1", backends: [] },
    canary: { pool: canary, backends: [{ replica: "a", host: "127.0.0.1", port }] },
  },
});
const news = (of: Route, compared: number): Mirrored => {
  const sums = noSums();
  sums.canary.compared = compared;
  const fields = [{ path: "status", candidate: compared, noise: 0, examples: [] }];
  return { key: keyOf(of) ?? "", counts: [], sums, fields };
};

test("with another mirror or pool, and what the one before still tells is not of it", () => {
  const book = new MirrorBook();
  expect(book.comparison()).toBeUndefined();
  const first = route({});
  book.follow(first);
  book.take(news(first, 3));
  const { epoch } = book.comparison() ?? {};
  expect(book.comparison()).toMatchObject({ candidate: 3, fields: [{ path: "status", candidate: 3 }] });
  book.follow(route({}, "v2", 2));
  book.take(news(first, 1));
  expect(book.comparison()).toMatchObject({ epoch, candidate: 4 });
  for (const other of [route({}, "v3"), route({ share: weightOf(0.5) }), first]) {
    const before = book.comparison()?.epoch;
    book.follow(other);
    expect(book.comparison()).toMatchObject({ candidate: 0, fields: [] });
    expect(book.comparison()?.epoch).not.toBe(before);
    book.take(news(route({ methods: "all" }), 5));
    expect(book.comparison()?.candidate).toBe(0);
  }
  expect(book.totals.canary.compared).toBe(19);
  book.follow(route({ compare: undefined }));
  expect(book.comparison()).toBeUndefined();
  book.follow(route(undefined));
  expect(book.comparison()).toBeUndefined();
});

test("of a section when its own mirror changes, and not when another's does; its counters stay when it is dropped", () => {
  const books = new MirrorBooks();
  const cart = { ...route({}), section: { name: "cart", order: 0, when: [] } };
  books.follow(
    new Map([
      [EVERYBODY, route({})],
      ["cart", cart],
    ]),
  );
  books.take({ ...news(cart, 3), section: "cart" });
  expect(books.comparisons().get("cart")?.candidate).toBe(3);
  expect(books.comparisons().get(EVERYBODY)?.candidate).toBe(0);
  const { epoch } = books.comparisons().get("cart") ?? {};
  books.follow(
    new Map([
      [EVERYBODY, route({ methods: "all" })],
      ["cart", cart],
    ]),
  );
  expect(books.comparisons().get("cart")).toMatchObject({ epoch, candidate: 3 });
  books.follow(new Map([[EVERYBODY, route(undefined)]]));
  books.take({ ...news(cart, 1), section: "cart" });
  expect(books.comparisons().size).toBe(0);
  expect(books.totals().get("cart")?.canary.compared).toBe(4);
});
