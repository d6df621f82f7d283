// Is a service looked at again in time, where looks are rare and something is still to be done?
import { describe, expect, test } from "vitest";
import { newService } from "../core/engine/decide.ts";
import type { ServiceState } from "../core/engine/state.ts";
import { ms } from "../core/units.ts";
import { applyOf, fileOf, rolloutOf } from "../../test/sim/specs.ts";
import { PACE } from "./parts.ts";
import { pauseUntilNext, type Looked } from "./pause.ts";

const RARE = { ...PACE, idleMs: 30_000 };
const strategy = "{ canary: { steps: [{ weight: 25%, hold: 10s }] } }";
const command = applyOf(rolloutOf(fileOf("shop", 4, { strategy })), { id: "a", revision: "v1" });
const quiet: ServiceState = { ...newService(command), pools: [{ pool: "1", role: "stable", revision: "v1", size: 1 }] };

const running = (pool: string): Looked["pools"] => ({ kind: "value", value: [{ pool, revision: "v1", replicas: [] }] });

const pauseOf = (looked: Partial<Looked> = {}, pace = RARE): number =>
  pauseUntilNext(pace, { state: quiet, pools: running("1"), failures: 0, nowMs: ms(1_000), ...looked });

describe("while no rollout is under way", () => {
  test("what is as it shall be is looked at seldom", () => {
    expect(pauseOf()).toBe(30_000);
  });

  test("what nobody wants is looked at until it has gone", () => {
    expect(pauseOf({ pools: running("2") })).toBe(PACE.activeMs);
  });

  test("what did not work is tried again soon, and less often the longer it does not", () => {
    expect([1, 2, 3, 10].map((failures) => pauseOf({ failures }))).toEqual([500, 1_000, 2_000, 30_000]);
    expect(pauseOf({ failures: 10, pools: running("2") })).toBe(30_000);
    expect(pauseOf({ failures: 10 }, PACE)).toBe(PACE.idleMs);
  });

  test("a message goes out when it is due, and one that is on its way is waited for", () => {
    const message = (dueMs: number) => ({ id: "m", dueMs: ms(dueMs) }) as NonNullable<ServiceState["outbox"]>[number];
    expect(pauseOf({ state: { ...quiet, outbox: [message(1_000), message(1_700)] } })).toBe(700);
    expect(pauseOf({ state: { ...quiet, outbox: [message(1_000)] } })).toBe(30_000);
    const notified = { team: { sinceMs: ms(-40_000), count: 9, left: 2, last: [], version: 1 } };
    expect(pauseOf({ state: { ...quiet, notified } })).toBe(19_000);
  });
});
