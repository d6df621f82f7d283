// Which rules should Prometheus have about Serin?
import { alertsFor, type Alert } from "./alerts.ts";
import type { AtHand } from "./at-hand.ts";
import type { Exporter } from "./exporter.ts";
import { matchers } from "./select.ts";

/** One series that Prometheus computes by itself. */
interface Recorded {
  readonly record: string;
  readonly expr: string;
}

/** The groups of a file of rules. */
export interface RuleGroups {
  readonly groups: readonly {
    readonly name: string;
    readonly interval?: string;
    readonly rules: readonly (Recorded | Alert)[];
  }[];
}

/** The 99th percentile of a histogram over five minutes. */
function p99(histogram: string, by: readonly string[]): string {
  return `histogram_quantile(0.99, sum by (${[...by, "le"].join(", ")}) (rate(${histogram}_bucket[5m])))`;
}

function recordings(at: AtHand): readonly Recorded[] {
  const wanted = `serin_service_share_wanted_ratio${matchers(at)}`;
  const reported = `serin_service_share_reported_ratio${matchers(at)}`;
  const underWay = `serin_rollout_phase${matchers(at, 'phase=~"forward|back"')}`;
  return [
    { record: "serin:rollouts_under_way:count", expr: `count(${underWay}) or vector(0)` },
    { record: "serin:service_share_off:ratio", expr: `abs(${wanted} - ${reported})` },
    { record: "serin:decision_lag_seconds:p99", expr: p99("serin_decision_lag_seconds", ["instance"]) },
    { record: "serin:pass_duration_seconds:p99", expr: p99("serin_pass_duration_seconds", ["instance"]) },
    {
      record: "serin:port_call_seconds:p99",
      expr: p99("serin_port_call_duration_seconds", ["instance", "part", "call"]),
    },
  ];
}

/** All rules for the rollouts at hand. */
export function rulesFor(at: AtHand): RuleGroups {
  return {
    groups: [
      { name: "serin-recordings", interval: "15s", rules: recordings(at) },
      { name: "serin-alerts", rules: alertsFor(at) },
    ],
  };
}

export const prometheusRules: Exporter = {
  name: "prometheus-rules",
  description: "alerts and recording rules for Prometheus",
  make: ({ atHand }) => ({
    as: "yaml",
    about: [
      "Rules about Serin. Name this file in rule_files of prometheus.yml; check it with: promtool check rules FILE",
    ],
    documents: [rulesFor(atHand)],
  }),
};
