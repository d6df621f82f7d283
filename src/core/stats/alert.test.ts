// Do alerts hold or take back a rollout only where they speak of the canary?
import { describe, expect, test } from "vitest";
import { type Alert, type AlertLook, alertReport, type AlertReport, type AlertRule } from "./alert.ts";

const RULE: AlertRule = {
  arms: { canary: [{ pool: "shop-2" }], baseline: [{ pool: "shop-1" }, { pool: "shop-1-baseline" }] },
  forMs: 60_000,
  action: "roll-back",
};

const NOW = 1_000_000;

const alert = (name: string, pool: string | undefined, firingMs: number): Alert => ({
  name,
  labels: pool === undefined ? { severity: "page" } : { severity: "page", pool },
  sinceMs: NOW - firingMs,
});

const said = (alerts: AlertLook["alerts"], rule = RULE, startedMs?: number): AlertReport =>
  alertReport(rule, { atMs: NOW, alerts, startedMs });

describe("the canary alone", () => {
  test("does what the rule says once the alert lasts", () => {
    const report = said([alert("OutOfMemory", "shop-2", 120_000)]);
    expect(report).toEqual({
      kind: "roll-back",
      environment: false,
      names: ["OutOfMemory"],
      text: "OutOfMemory has been firing for 2m for the canary alone",
    });
    expect(said([alert("OutOfMemory", "shop-2", 60_000)], { ...RULE, action: "hold" }).kind).toBe("hold");
  });

  test("is pending before", () => {
    expect(said([alert("OutOfMemory", "shop-2", 59_999)])).toMatchObject({ kind: "pending", environment: false });
    expect(said([alert("OutOfMemory", "shop-2", -5_000)]).text).toBe(
      "OutOfMemory has been firing for 0ms; it counts after 1m",
    );
  });

  test("is still to blame while another alert fires elsewhere", () => {
    const report = said([alert("Slow", "shop-2", 90_000), alert("DiskFull", undefined, 600_000)]);
    expect(report).toMatchObject({ kind: "roll-back", names: ["Slow"] });
  });
});

describe("an incident of the environment holds, and never rolls back", () => {
  test.each([
    ["both arms", [alert("Slow", "shop-2", 120_000), alert("Slow", "shop-1", 120_000)]],
    ["both arms, the baseline only just", [alert("Slow", "shop-2", 120_000), alert("Slow", "shop-1-baseline", 1_000)]],
    ["no arm", [alert("DiskFull", undefined, 120_000)]],
    ["another pool", [alert("Slow", "cart-1", 120_000)]],
    ["the baseline alone", [alert("Slow", "shop-1", 120_000)]],
    ["the same without an arm", [alert("Slow", "shop-2", 120_000), alert("Slow", undefined, 120_000)]],
  ])("%s", (_, alerts) => {
    expect(said(alerts)).toMatchObject({ kind: "hold", environment: true });
  });

  test("an alert of the canary that is older than its traffic", () => {
    const alerts = [alert("Slow", "shop-2", 120_000)];
    expect(said(alerts, RULE, NOW - 90_000)).toMatchObject({ kind: "hold", environment: true });
    expect(said(alerts, RULE, NOW - 150_000).kind).toBe("roll-back");
  });

  test("says so", () => {
    const alerts = [alert("Slow", undefined, 120_000), alert("DiskFull", undefined, 60_000)];
    expect(said(alerts).text).toBe(
      "DiskFull and Slow have been firing for 2m, not for the canary alone: an incident of the environment",
    );
  });
});

describe("which alerts count", () => {
  test("none fires", () => {
    expect(said([])).toEqual({ kind: "clear", environment: false, names: [], text: "no alert is firing" });
  });

  test("a source that can't be read is unknown, never clear", () => {
    expect(said(undefined)).toMatchObject({ kind: "unknown", names: [] });
  });

  test("only those of the rule's name and labels", () => {
    const alerts = [alert("Slow", "shop-2", 120_000)];
    expect(said(alerts, { ...RULE, name: "Other" }).kind).toBe("clear");
    expect(said(alerts, { ...RULE, labels: { severity: "info" } }).kind).toBe("clear");
    expect(said(alerts, { ...RULE, name: "Slow", labels: { severity: "page" } }).kind).toBe("roll-back");
    expect(said(alerts, { ...RULE, labels: { toString: "x" } }).kind).toBe("clear");
  });

  test("an arm without labels fits no alert", () => {
    const arms = { canary: [{}], baseline: [] };
    expect(said([alert("Slow", "shop-2", 120_000)], { ...RULE, arms })).toMatchObject({
      kind: "hold",
      environment: true,
    });
  });

  test("a moment that is not a number is refused by name", () => {
    expect(() => said([alert("Slow", "shop-2", NaN)])).toThrow(new RangeError("alertReport: beginning of Slow is NaN"));
    expect(() => alertReport(RULE, { atMs: NaN, alerts: [] })).toThrow(RangeError);
  });
});
