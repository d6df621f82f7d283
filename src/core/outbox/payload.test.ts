import { expect, test } from "vitest";
import { weight } from "../units.ts";
import { payloadOf, phaseOf } from "./payload.ts";

test("Flagger's fields are at the top, with their names", () => {
  const payload = payloadOf({
    id: "shop/9/smoke",
    service: "shop",
    rollout: 3,
    candidate: "r-2",
    stable: "r-1",
    phase: "Progressing",
    step: 2,
    share: weight(50_000),
    metadata: { team: "a" },
  });
  expect(payload).toEqual({
    name: "shop",
    namespace: "default",
    phase: "Progressing",
    checksum: "r-2",
    metadata: { team: "a" },
    id: "shop/9/smoke",
    service: "shop",
    rollout: 3,
    candidate: "r-2",
    stable: "r-1",
    step: 2,
    share: "5%",
    sharePpm: 50_000,
  });
});

test.each([
  [{ phase: "forward" }, "Progressing"],
  [{ phase: "forward", at: "promotion" }, "Progressing"],
  [{ phase: "forward", at: "after" }, "Succeeded"],
  [{ phase: "back" }, "Failed"],
  [{ phase: "back", at: "rollback" }, "Failed"],
  [{ phase: "ended", outcome: "promoted" }, "Succeeded"],
  [{ phase: "ended", outcome: "stopped" }, "Failed"],
] as const)("%j is %s", (rollout, phase) => {
  expect(phaseOf(rollout)).toBe(phase);
});
