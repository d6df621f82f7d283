// Does nobody fill the log with refusals, and is none left out without being counted?
import { expect, test } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import { createVirtualClock } from "../../adapters/memory/clock.ts";
import { ms } from "../../core/units.ts";
import { Caller } from "./caller.ts";
import { Refusals } from "./refusals.ts";

test("so many of one caller in a minute are written down, and the next entry says how many were not", async () => {
  const clock = createVirtualClock();
  const { audit } = testKeeper();
  const refusals = new Refusals(clock, audit);
  const places = { environmentOf: () => undefined, servicesOf: (name: string) => [name] };
  const refuse = (actor: string): void => {
    const principal = () => ({ actor, groups: [], login: "token", grants: [] }) as const;
    // Each call has a caller of its own.
    const caller = new Caller({ principal, audit, refusals, places, actor: "somebody", from: "10.0.0.1" });
    expect(() => caller.refuseUnless(false, "view", { what: "view", service: "shop" })).toThrow("may not view shop");
  };
  for (let at = 0; at < 40; at += 1) refuse("ann");
  refuse("ben");
  const counted = () => audit.read(0, 1_000).map(({ actor, leftOut }) => [actor, leftOut]);
  expect(counted()).toEqual([...Array.from({ length: 30 }, () => ["ann", undefined]), ["ben", undefined]]);
  await clock.advance(ms(60_000));
  refuse("ann");
  refuse("ann");
  expect(counted().slice(31)).toEqual([
    ["ann", 10],
    ["ann", undefined],
  ]);
});
