// Do rehearsals fit into what a controller may have?
import { expect, test } from "vitest";
import { roomIn } from "./room.ts";

const MB = 2 ** 20;

test.each([
  ["a machine of its own", 20_000, 4, { threads: 4, megabytes: 512 }],
  ["one core", 20_000, 1, { threads: 1, megabytes: 512 }],
  ["a pod of 1 GiB", 860, 4, { threads: 2, megabytes: 167 }],
  ["a pod of 512 MiB", 360, 4, { threads: 1, megabytes: 132 }],
  ["as little as may be", 224, 4, { threads: 1, megabytes: 64 }],
])("%s", (...[, left, most, room]) => {
  expect(roomIn(left * MB, most)).toEqual(room);
});

test("never more than half of what is left, also with what a thread takes besides its heap", () => {
  for (let left = 224; left < 6_000; left += 7) {
    const { threads, megabytes } = roomIn(left * MB, 4);
    expect(threads * (megabytes + 48)).toBeLessThanOrEqual(left / 2);
  }
});

test("where there is too little it is said, and what to do", () => {
  expect(() => roomIn(223 * MB, 4)).toThrow(/has not the memory/u);
  expect(() => roomIn(0, 1)).toThrow(
    expect.objectContaining({ trouble: expect.objectContaining({ code: "SERIN_NO_MEMORY" }) }),
  );
});
