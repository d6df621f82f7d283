// Are decisions read from where they were left, and does other work have its turn meanwhile?
import { expect, test } from "vitest";
import { createMemoryStore } from "../adapters/memory/journal.ts";
import type { Journal } from "../ports/journal.ts";
import { decisionsAfter } from "./decisions.ts";

/** A journal whose appends have so many decisions each, as often as wanted, and what is read of it. */
async function journalOf(sizes: readonly number[], repeated: number) {
  const store = await createMemoryStore().open();
  let version = 0;
  for (let seq = 0; seq < sizes.length * repeated; seq += 1) {
    const records = Array.from({ length: sizes[seq % sizes.length] ?? 0 }, () => ({ version: (version += 1) }));
    await store.append("shop", seq, { format: 1, state: {}, records });
  }
  const read = { times: 0, records: 0 };
  const journal: Pick<Journal, "records"> = {
    records: async (...asked) => {
      const page = await store.records(...asked);
      read.times += 1;
      read.records += page.length;
      return page;
    },
  };
  return { journal, read, last: version };
}

const versions = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test.each([
  ["one each", [1], 700],
  ["many or none at once", [0, 3, 1, 0, 0, 7], 90],
  ["long without any", [...Array.from({ length: 900 }, () => 0), 5, 1], 3],
  ["more at once than are read at once", [450, 1], 2],
])("after any version, the next ones: %s", async (_what, sizes, repeated) => {
  const { journal, last } = await journalOf(sizes, repeated);
  const step = Math.max(1, Math.floor(last / 60));
  for (let after = 0; after <= last + 1; after += step)
    for (const limit of [1, 30, 10_000]) {
      const found = await decisionsAfter(journal, "shop", { after, limit });
      const wanted = versions(after + 1, Math.min(last, after + limit));
      expect(found.map(({ version }) => version)).toEqual(wanted);
    }
  expect(await decisionsAfter(journal, "other", { after: 3, limit: 10 })).toEqual([]);
});

test("page after page, each is read about once, and others have their turn", async () => {
  const { journal, read, last } = await journalOf([1], 8_000);
  let turns = 0;
  let isOver = false;
  const other = (): void => {
    turns += 1;
    if (!isOver) setImmediate(other);
  };
  setImmediate(other);
  const found = [];
  for (let page; page === undefined || page.length > 0; found.push(...page))
    page = await decisionsAfter(journal, "shop", { after: found.at(-1)?.version ?? 0, limit: 1_000 });
  isOver = true;
  expect(found).toHaveLength(last);
  expect(turns).toBeGreaterThanOrEqual(8_000 / 200);
  // From the beginning for each page it were 36 000 records.
  expect(read.records).toBeLessThan(last + 9 * 300);
  expect(read.times).toBeLessThan(9 * 30);
});
