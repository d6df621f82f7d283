// Is the reserve paid in without making capital from nothing?
import { expect, test } from "vitest";
import { invest, startAccount, worthOf } from "./account.ts";
import { HARM } from "./two-by-two.ts";

test("capital begins at 1 and stays there while nothing happens", () => {
  let account = startAccount(HARM);
  for (let second = 0; second < 3_600; second++) account = invest(account, 1_000);
  expect(Math.abs(worthOf(account, HARM))).toBeLessThan(1e-9);
  expect(account.reserve).toBeLessThan(Math.log(0.01));
});

test("what was lost long ago does not stand in the way of new evidence", () => {
  const lost = { ...startAccount(HARM), logs: HARM.ratios.map(() => -5_000), elapsedMs: 3_600_000 };
  const paid = invest(lost, 1_000);
  expect(Math.min(...paid.logs)).toBeGreaterThan(-12);
  expect(worthOf(paid, HARM)).toBeLessThan(0);
});

test("no time, no payment", () => expect(invest(startAccount(HARM), 0)).toEqual(startAccount(HARM)));
