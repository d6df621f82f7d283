import { expect, test } from "vitest";
import type { AuditPage } from "../../api/contract.ts";
import { auditRows } from "./audit-rows.ts";

type Entry = AuditPage["items"][number];

const entry = (seq: number, more: Pick<Entry, "kind"> & Partial<Entry>): Entry => ({
  seq,
  at: `2026-01-01T00:00:0${seq}.000Z`,
  hash: "",
  ...more,
});

test("an answer stands beside what was asked, newest first", () => {
  const rows = auditRows([
    entry(1, {
      kind: "asked",
      actor: "ann",
      what: "pause",
      service: "shop",
      reason: "lunch",
      from: "127.0.0.1",
    }),
    entry(2, { kind: "refused", actor: "bob", what: "abort", service: "shop" }),
    entry(3, { kind: "answered", of: 1, answer: "shop/2 is paused" }),
    entry(4, { kind: "asked", actor: "ann", what: "resume", service: "shop" }),
  ]);
  expect(rows.map(({ seq, who, what, became }) => [seq, who, what, became])).toEqual([
    [4, "ann", "resume shop", "asked, and no answer is written down"],
    [2, "bob", "abort shop", "refused: no right to it"],
    [1, "ann", "pause shop", "shop/2 is paused"],
  ]);
  expect(rows[2]).toMatchObject({ atMs: Date.UTC(2026, 0, 1, 0, 0, 1), reason: "lunch", from: "127.0.0.1" });
});

test("an answer to what is not among the entries is told by itself", () => {
  const [row] = auditRows([entry(3, { kind: "answered", of: 1, answer: "done" })]);
  expect(row).toMatchObject({ who: "the controller", what: "answer to entry 1", became: "done" });
});
