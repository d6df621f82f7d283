// Does a route never lead to nobody, or to the wrong pods, while slots change?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ROLES, type Role } from "../../../core/split.ts";
import type { Hashes } from "./cluster-router.ts";
import { slotsFor } from "./slots.ts";

const roles = fc.subarray<Role>(["stable", "canary", "baseline"]).map((all) => new Set(all));
const hashes: fc.Arbitrary<Hashes> = fc
  .record(
    { stable: fc.constantFrom("a", "b"), canary: fc.constantFrom("b", "c"), baseline: fc.constant("d") },
    { requiredKeys: [] },
  )
  .map((all) => all as Hashes);

test("what a route names, and what it is going to name, has a slot with its own pods", () => {
  fc.assert(
    fc.property(fc.record({ live: hashes, wanted: hashes, named: roles, next: roles }), (turn) => {
      const slots = slotsFor(turn);
      return ROLES.every((role) => {
        const [live, wanted] = [turn.live[role], turn.wanted[role]];
        if (turn.next.has(role)) return slots[role] === (wanted ?? live);
        // Nobody but who is about to be named gets other pods under a name that is in use.
        return slots[role] === (turn.named.has(role) ? (live ?? wanted) : wanted);
      });
    }),
  );
  const named = new Set<Role>(["canary"]);
  const turn = { live: { stable: "a", canary: "b" }, wanted: { stable: "b" }, named, next: new Set<Role>(["stable"]) };
  expect(slotsFor(turn)).toEqual({ stable: "b", canary: "b" });
});
