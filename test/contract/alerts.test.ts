// Are the alerts of a real Prometheus and a real Alertmanager read as they are?
import { afterEach, expect, test, vi } from "vitest";
import { createAlertSource } from "../../src/adapters/alerts/source.ts";
import { Secrets } from "../../src/adapters/secrets.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { createWeb } from "../../src/adapters/web/web.ts";
import { alertReport, type Alert, type AlertRule } from "../../src/core/stats/alert.ts";
import { ms } from "../../src/core/units.ts";
import type { AlertSource } from "../../src/ports/alerts.ts";
import { HAS_ALERTMANAGER, HAS_PROMETHEUS, LIMIT, Monitor } from "./alerts/monitor.ts";
import { call } from "./process/place.ts";

const clock = systemClock();
const web = createWeb({ connection: {}, secrets: () => new Secrets() });
const EVERY = ms(200);
/** Clocks are the same here, but Prometheus takes the moment at which the evaluation was due. */
const SLACK_MS = 2_000;

const RULE: AlertRule = {
  arms: { canary: [{ arm: "canary" }], baseline: [{ arm: "stable" }] },
  forMs: 0,
  action: "roll-back",
};

let monitor: Monitor | undefined;

afterEach(async () => {
  await monitor?.close();
  monitor = undefined;
});

async function alertsOf(source: AlertSource): Promise<readonly Alert[]> {
  const observed = await source.read(call());
  if (observed.kind !== "value") throw new Error(JSON.stringify(observed));
  return observed.value;
}

/** Waits until as many fire. */
async function firing(source: AlertSource, count: number): Promise<readonly Alert[]> {
  return vi.waitFor(async () => {
    const alerts = await alertsOf(source);
    expect(alerts).toHaveLength(count);
    return alerts;
  }, LIMIT);
}

function expectSince({ sinceMs }: Pick<Alert, "sinceMs">, fromMs: number): void {
  expect(sinceMs).toBeGreaterThanOrEqual(fromMs - SLACK_MS);
  expect(sinceMs).toBeLessThanOrEqual(clock.now());
}

const kindOf = (alerts: readonly Alert[], startedMs: number) =>
  alertReport(RULE, { atMs: clock.now(), alerts, startedMs }).kind;

const nobodyThere = async (source: AlertSource) =>
  vi.waitFor(async () => {
    expect(await source.read(call())).toMatchObject({
      kind: "unreadable",
      why: expect.stringMatching(/: nobody listens there; it last answered .* ago$/u),
    });
  }, LIMIT);

test.skipIf(!HAS_PROMETHEUS)(
  "prometheus: an alert is read from when it fires until it is over; an ended Prometheus is unreadable",
  async () => {
    monitor = new Monitor();
    const url = await monitor.prometheus();
    const source = createAlertSource({ url, web, clock, everyMs: EVERY });
    expect(source.name).toBe(url);
    expect(await alertsOf(source)).toEqual([]);

    const upMs = clock.now();
    monitor.gauge.canary = 9;
    const [own, ...others] = await firing(source, 1);
    const labels = { arm: "canary", job: "shop", severity: "page", instance: expect.stringMatching(/^127\.0\.0\.1:/u) };
    // The other rule's condition holds as well, but for too short a time: that alert does not fire.
    expect([own, others]).toEqual([{ name: "TooSlow", labels, sinceMs: expect.any(Number) }, []]);
    if (own) expectSince(own, upMs);
    expect(kindOf(own ? [own] : [], upMs - SLACK_MS)).toBe("roll-back");

    monitor.gauge.stable = 9;
    const both = await firing(source, 2);
    expect(new Set(both.map((alert) => alert.labels["arm"]))).toEqual(new Set(["canary", "stable"]));
    expect(both.find((alert) => alert.labels["arm"] === "canary")).toEqual(own);
    expect(kindOf(both, upMs - SLACK_MS)).toBe("hold");

    Object.assign(monitor.gauge, { canary: 0, stable: 0 });
    expect(await firing(source, 0)).toEqual([]);

    await monitor.end("prometheus");
    await nobodyThere(source);
  },
);

test.skipIf(!HAS_PROMETHEUS || !HAS_ALERTMANAGER)(
  "prometheus-alertmanager: an alert is read until it is silenced or over; an ended Alertmanager is unreadable",
  async () => {
    monitor = new Monitor();
    const { gauge } = monitor;
    const url = await monitor.alertmanager();
    await monitor.prometheus(url);
    const source = createAlertSource({ url, web, clock, api: "alertmanager", everyMs: EVERY });
    expect(await alertsOf(source)).toEqual([]);

    const upMs = clock.now();
    Object.assign(gauge, { canary: 9, stable: 9 });
    const both = await firing(source, 2);
    for (const alert of both) {
      expect(alert).toMatchObject({ name: "TooSlow", labels: { severity: "page", job: "shop" } });
      expect(alert.labels).not.toHaveProperty("alertname");
      expectSince(alert, upMs);
    }

    await silence(url, "stable");
    const own = await firing(source, 1);
    expect(own).toMatchObject([{ name: "TooSlow", labels: { arm: "canary" } }]);
    expect(kindOf(own, upMs - SLACK_MS)).toBe("roll-back");

    gauge.canary = 0;
    expect(await firing(source, 0)).toEqual([]);

    await monitor.end("prometheus-alertmanager");
    await nobodyThere(source);
  },
);

async function silence(url: string, arm: string): Promise<void> {
  const answer = await fetch(`${url}/api/v2/silences`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      matchers: [{ name: "arm", value: arm, isRegex: false }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: "test",
      comment: "known",
    }),
  });
  expect(answer.status).toBe(200);
}
