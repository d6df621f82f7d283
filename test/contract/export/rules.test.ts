// Does Prometheus' own tool take the rules, and does each alert fire when it should and not before?
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { alertsFor } from "../../../src/cli/export/alerts.ts";
import { rulesFor } from "../../../src/cli/export/prometheus-rules.ts";
import { HAS_PROMETHEUS } from "../../support/prometheus.ts";

const dir = mkdtempSync(join(tmpdir(), "serin-rules-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const AT_HAND = { services: ["cart", "shop"], units: ["share"], rollouts: [] };

function promtool(...args: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: dir, encoding: "utf8" });
  return { code: status, said: `${stdout}${stderr}` };
}

interface Case {
  /** Series from 0 on, a value a minute, in promtool's words. */
  readonly series: Readonly<Record<string, string>>;
  /** Fires then, for these labels, and not yet or no longer at the other moment. */
  readonly fires: string;
  readonly quiet: string;
  readonly labels: Readonly<Record<string, string>>;
}

const OF_SHOP = { service: "shop" };
const step = 'serin_rollout_step_started_timestamp_seconds{service="shop"}';
const waiting = (what: string): string => `serin_rollout_waiting{service="shop",for="${what}"}`;

/** What happens, so that somebody is called. Prometheus' clock begins at 0 here. */
const CASES: Readonly<Record<string, Case>> = {
  SerinControllerDown: {
    series: { 'up{job="serin",instance="a:1"}': "1 1 1 0 0 0 0 0" },
    fires: "6m",
    quiet: "4m",
    labels: { job: "serin", instance: "a:1" },
  },
  SerinDecisionLagHigh: {
    series: {
      'serin_decision_lag_seconds_bucket{instance="a:1",le="2.5"}': "0x20",
      'serin_decision_lag_seconds_bucket{instance="a:1",le="5"}': "0+60x20",
      'serin_decision_lag_seconds_bucket{instance="a:1",le="+Inf"}': "0+60x20",
    },
    fires: "10m",
    quiet: "4m",
    labels: { instance: "a:1" },
  },
  SerinJournalNotWritten: {
    series: { 'serin_service_trouble{service="shop",part="journal"}': "_ 1 1 1" },
    fires: "3m",
    quiet: "1m",
    labels: { ...OF_SHOP, part: "journal" },
  },
  SerinRouterNotApplied: {
    series: {
      'serin_service_share_wanted_ratio{service="shop",role="canary"}': "0.1 0.1 0.1 0.1 0.1 0.1",
      'serin_service_share_reported_ratio{service="shop",role="canary"}': "0.1 0 0 0 0 0",
    },
    fires: "4m",
    quiet: "2m",
    labels: { ...OF_SHOP, role: "canary" },
  },
  SerinRouterUnreadable: {
    series: { 'serin_service_router_connected{service="shop"}': "1 0 0 0 0 0" },
    fires: "4m",
    quiet: "2m",
    labels: OF_SHOP,
  },
  SerinServiceDown: {
    series: { 'serin_service_health{service="shop",health="down"}': "_ 1 1 1" },
    fires: "3m",
    quiet: "1m",
    labels: { ...OF_SHOP, health: "down" },
  },
  SerinMessagesNotDelivered: {
    series: { 'serin_service_outbox_oldest_due_timestamp_seconds{service="shop"}': "60x20" },
    fires: "14m",
    quiet: "10m",
    labels: OF_SHOP,
  },
  SerinRolledBack: {
    series: { 'serin_rollout_ended_timestamp_seconds{service="shop",outcome="rolled-back"}': "_ _ 120x90" },
    fires: "3m",
    quiet: "70m",
    labels: { ...OF_SHOP, outcome: "rolled-back" },
  },
  SerinRolloutStuck: {
    series: { [step]: "60x30", [waiting("replicas")]: "1x30" },
    fires: "19m",
    quiet: "15m",
    labels: OF_SHOP,
  },
  SerinRolloutUndecided: {
    series: { [step]: "60x90", [waiting("evidence")]: "1x90" },
    fires: "65m",
    quiet: "59m",
    labels: OF_SHOP,
  },
  SerinRolloutNeedsPerson: {
    series: { [waiting("person")]: "1x90" },
    fires: "61m",
    quiet: "59m",
    labels: { ...OF_SHOP, for: "person" },
  },
  SerinEvidenceMissing: {
    series: { 'serin_rollout_blind{service="shop"}': "0 1 1 1" },
    fires: "3m",
    quiet: "1m",
    labels: OF_SHOP,
  },
  SerinNoRequests: {
    series: {
      'serin_rollout_evidence_requests_total{service="shop",role="canary"}': "0 9 18 18x20",
      'serin_service_share_wanted_ratio{service="shop",role="canary"}': "0.1x25",
    },
    fires: "20m",
    quiet: "12m",
    labels: OF_SHOP,
  },
};

describe.skipIf(!HAS_PROMETHEUS)("rules", () => {
  // YAML reads JSON.
  writeFileSync(join(dir, "rules.yml"), JSON.stringify(rulesFor(AT_HAND)));
  const alerts = alertsFor(AT_HAND);

  test("promtool finds nothing wrong, for services by name and for all", () => {
    expect(promtool("check", "rules", "rules.yml")).toMatchObject({
      code: 0,
      said: expect.stringContaining("SUCCESS"),
    });
    writeFileSync(join(dir, "all.yml"), JSON.stringify(rulesFor({ services: [], units: [], rollouts: [] })));
    expect(promtool("check", "rules", "all.yml").code).toBe(0);
  });

  test("every alert has a case", () => {
    expect(Object.keys(CASES).toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  test.each(alerts)("$alert", ({ alert, labels, annotations }) => {
    const { series, fires, quiet, labels: found } = CASES[alert] as Case;
    const isSaid = !/\$value/u.test(annotations.description);
    const told = Object.fromEntries(
      Object.entries(annotations).map(([name, text]) => [name, text.replaceAll("{{ $labels.service }}", "shop")]),
    );
    const expected = { exp_labels: { ...found, ...labels }, ...(isSaid && { exp_annotations: told }) };
    const text = {
      rule_files: ["rules.yml"],
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          // Whatever else is well, or it would be called for, too.
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: [],
          alert_rule_test: [
            { alertname: alert, eval_time: quiet, exp_alerts: [] },
            ...(isSaid ? [{ alertname: alert, eval_time: fires, exp_alerts: [expected] }] : []),
          ],
        },
      ],
    };
    if (!isSaid) {
      // Its text has the value in it; that it fires is what Prometheus keeps of alerts.
      const selector = Object.entries({ ...found, alertname: alert, alertstate: "firing", ...labels })
        .map(([name, value]) => `${name}="${value}"`)
        .join(",");
      text.tests[0]?.promql_expr_test.push({
        expr: `count(ALERTS{${selector}})`,
        eval_time: fires,
        exp_samples: [{ labels: "{}", value: 1 }],
      } as never);
    }
    writeFileSync(join(dir, `${alert}.yml`), JSON.stringify(text));
    expect(promtool("test", "rules", `${alert}.yml`)).toMatchObject({ code: 0 });
  });
});
