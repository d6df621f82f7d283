// Does a journal keep what it promises?
import { afterEach, describe, expect, test } from "vitest";
import { SerinError } from "../core/issues.ts";
import { type Journal, StaleWrite } from "./journal.ts";
import { testUnless } from "./left-out.contract.ts";

/** One place where a journal is kept; every `open` sees the same memory. */
export interface JournalPlace {
  open(): Promise<Journal>;
  /** Closes whatever is open and clears away. */
  dispose(): Promise<void>;
}

const entry = (state: unknown, ...records: unknown[]) => ({ format: 1, state, records });

/** What a journal does not by its nature, and why. */
interface Unable {
  /** Refuse a second holder when it is opened. */
  readonly holder?: string;
}

/** Every journal must pass this, but for what it is not able to. */
export function journalContract(name: string, create: () => Promise<JournalPlace>, unable: Unable = {}): void {
  describe(`${name} as a journal`, () => {
    let place: JournalPlace | undefined;
    const fresh = async (): Promise<Journal> => {
      place = await create();
      return place.open();
    };
    afterEach(async () => {
      await place?.dispose();
      place = undefined;
    });

    remembers(fresh);
    keepsWritersApart(fresh);
    describe("opening", () => {
      test("another opening sees what was written", async () => {
        const first = await fresh();
        await first.append("shop", 0, entry({ step: 1 }, { note: "begun" }));
        await first.close();
        const second = await place?.open();
        expect(await second?.load("shop")).toEqual({ seq: 1, format: 1, state: { step: 1 } });
        expect(await second?.append("shop", 1, entry({ step: 2 }))).toBe(2);
      });
      testUnless(unable.holder)(
        "a second holder is refused at once, and let in after the first has closed",
        async () => {
          const first = await fresh();
          await first.append("shop", 0, entry({ step: 1 }));
          const refused = await place?.open().catch((error: unknown) => error);
          expect(refused).toBeInstanceOf(SerinError);
          expect(refused).toMatchObject({ trouble: { code: "SERIN_JOURNAL_HELD" } });
          expect(String(refused)).toContain(String(process.pid));
          // The refused one took nothing from the holder.
          expect(await first.append("shop", 1, entry({ step: 2 }))).toBe(2);
          await first.close();
          expect(await (await place?.open())?.load("shop")).toMatchObject({ seq: 2 });
        },
      );
      test("a closed journal is refused, and closing twice does no harm", async () => {
        const journal = await fresh();
        await journal.close();
        await journal.close();
        await expect(journal.append("shop", 0, entry({}))).rejects.toMatchObject({
          trouble: { code: "SERIN_JOURNAL_CLOSED" },
        });
        await expect(journal.load("shop")).rejects.toBeInstanceOf(SerinError);
      });
    });
  });
}

function remembers(fresh: () => Promise<Journal>): void {
  test("nothing is there at first", async () => {
    const journal = await fresh();
    expect(await journal.list()).toEqual([]);
    expect(await journal.load("shop")).toBeUndefined();
    expect(await journal.records("shop", 0, 10)).toEqual([]);
  });
  test("the last state and its place are read back", async () => {
    const journal = await fresh();
    expect(await journal.append("shop", 0, entry({ text: "naïve ☕ 'quoted' \u0000" }))).toBe(1);
    expect(await journal.append("shop", 1, { format: 2, state: { big: "x".repeat(2_000_000) }, records: [] })).toBe(2);
    const saved = await journal.load("shop");
    expect(saved).toEqual({ seq: 2, format: 2, state: { big: "x".repeat(2_000_000) } });
  });
  test("a state that is changed afterwards stays as it was written", async () => {
    const journal = await fresh();
    const state = { step: 1 };
    const record = { note: "begun" };
    await journal.append("shop", 0, entry(state, record));
    state.step = 2;
    record.note = "changed";
    expect(await journal.load("shop")).toMatchObject({ state: { step: 1 } });
    expect(await journal.records("shop", 0, 10)).toEqual([{ seq: 1, index: 0, record: { note: "begun" } }]);
  });
  test("records carry the place of their append and are read page by page, none lost", async () => {
    const journal = await fresh();
    await journal.append("shop", 0, entry({}, "a", "b"));
    await journal.append("shop", 1, entry({}));
    await journal.append("shop", 2, entry({}, "c", "d", "e"));
    await journal.append("shop", 3, entry({}, "f"));
    const every = await journal.records("shop", 0, 100);
    expect(every.map(({ seq, index, record }) => `${seq}.${index}${String(record)}`)).toEqual([
      "1.0a",
      "1.1b",
      "3.0c",
      "3.1d",
      "3.2e",
      "4.0f",
    ]);
    const paged: unknown[] = [];
    for (let after = 0, page = await journal.records("shop", after, 1); page.length > 0;) {
      paged.push(...page.map(({ record }) => record));
      after = page.at(-1)?.seq ?? after;
      page = await journal.records("shop", after, 1);
    }
    expect(paged).toEqual(["a", "b", "c", "d", "e", "f"]);
    expect((await journal.records("shop", 1, 3)).map(({ record }) => record)).toEqual(["c", "d", "e"]);
  });
  test("services do not mix, and one that is removed begins at 0 again", async () => {
    const journal = await fresh();
    await journal.append("shop", 0, entry({ of: "shop" }, "s"));
    await journal.append("cart", 0, entry({ of: "cart" }, "c"));
    await journal.append("cart", 1, entry({ of: "cart" }, "c2"));
    expect(await journal.list()).toEqual(["cart", "shop"]);
    await journal.remove("cart");
    await journal.remove("never-there");
    expect(await journal.list()).toEqual(["shop"]);
    expect(await journal.load("cart")).toBeUndefined();
    expect(await journal.records("cart", 0, 10)).toEqual([]);
    expect(await journal.records("shop", 0, 10)).toHaveLength(1);
    await expect(journal.append("cart", 2, entry({}))).rejects.toBeInstanceOf(StaleWrite);
    expect(await journal.append("cart", 0, entry({}))).toBe(1);
  });
}

function keepsWritersApart(fresh: () => Promise<Journal>): void {
  test("a stale write is refused and changes nothing", async () => {
    const journal = await fresh();
    await journal.append("shop", 0, entry({ step: 1 }, "first"));
    for (const expected of [0, 2]) {
      await expect(journal.append("shop", expected, entry({ step: 9 }, "stale"))).rejects.toBeInstanceOf(StaleWrite);
    }
    expect(await journal.load("shop")).toEqual({ seq: 1, format: 1, state: { step: 1 } });
    expect(await journal.records("shop", 0, 10)).toHaveLength(1);
  });
  test("of many writes at one place exactly one is taken", async () => {
    const journal = await fresh();
    const writes = Array.from({ length: 20 }, (_, number) => journal.append("shop", 0, entry({ number }, number)));
    const ended = await Promise.allSettled(writes);
    expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await journal.records("shop", 0, 100)).toHaveLength(1);
    expect(await journal.load("shop")).toMatchObject({ seq: 1 });
  });
  test("an entry that cannot be kept is refused whole", async () => {
    const journal = await fresh();
    await expect(journal.append("shop", 0, entry({ step: 1 }, "kept?", 1n))).rejects.toThrow(/BigInt/);
    expect(await journal.load("shop")).toBeUndefined();
    expect(await journal.records("shop", 0, 10)).toEqual([]);
    expect(await journal.append("shop", 0, entry({ step: 1 }))).toBe(1);
  });
}
