// Is of a rollout read what is needed, and not more?
import { expect, test } from "vitest";
import type { DecisionRecord } from "../core/engine/state.ts";
import { ms } from "../core/units.ts";
import { readRollout } from "./rollout-records.ts";

const ALL = Array.from({ length: 5_000 }, (_, at): DecisionRecord => {
  return { atMs: ms(at), version: at + 1, rollout: Math.floor(at / 1_500) + 1, kind: "note", text: "" };
});

function linkOver(all: readonly DecisionRecord[]) {
  const asked: number[] = [];
  const records = async (_service: string, after: number, limit: number): Promise<readonly DecisionRecord[]> => {
    asked.push(after);
    return all.filter(({ version }) => version > after).slice(0, limit);
  };
  return { asked, records };
}

test.each([
  ["1", 1_500, [0, 1_000]],
  ["2", 1_500, [0, 1_000, 2_000, 3_000]],
  ["4", 500, [0, 1_000, 2_000, 3_000, 4_000, 5_000]],
])("rollout %s", async (number, count, asked) => {
  const link = linkOver(ALL);
  const records = await readRollout(link, { service: "shop", number }, {});
  expect(records.map(({ rollout }) => String(rollout))).toEqual(Array.from({ length: count }, () => number));
  expect(link.asked).toEqual(asked);
});

test("what there is not is said", async () => {
  for (const number of ["9", "x"])
    await expect(readRollout(linkOver(ALL), { service: "shop", number }, {})).rejects.toMatchObject({
      trouble: { code: "SERIN_UNKNOWN_ROLLOUT", what: `there is no rollout shop/${number}` },
    });
});
