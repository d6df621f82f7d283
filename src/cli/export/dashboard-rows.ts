// Which panels tell how rollouts go, and how the controller does?
import type { AtHand } from "./at-hand.ts";
import type { PanelSpec, Row } from "./panels.ts";

/** The services that are chosen above the dashboard. */
const AT = 'service=~"$service"';
const each = (...labels: readonly string[]): string => ["service", ...labels].map((label) => `{{${label}}}`).join(" ");

const panel = (kind: PanelSpec["kind"], title: string, spec: Omit<PanelSpec, "kind" | "title">): PanelSpec => ({
  kind,
  title,
  ...spec,
});
const stat = (title: string, expr: string, about: string): PanelSpec =>
  panel("stat", title, { about, queries: [{ expr, legend: title }], width: 4 });

const NOW: Row = {
  title: "Now",
  panels: [
    stat("Services", "count(serin_service_health)", "Services that Serin looks after."),
    stat(
      "Rollouts under way",
      `count(serin_rollout_phase{${AT},phase=~"forward|back"}) or vector(0)`,
      "Forward or on the way back.",
    ),
    stat(
      "Wait for a person",
      `count(serin_rollout_waiting{${AT},for="person"}) or vector(0)`,
      "Rollouts that somebody must answer.",
    ),
    stat(
      "Rolled back in a day",
      `count(serin_rollout_ended_timestamp_seconds{${AT},outcome="rolled-back"} > time() - 86400) or vector(0)`,
      "Services whose last rollout was rolled back within a day.",
    ),
    stat(
      "Parts in trouble",
      `count(serin_service_trouble{${AT}}) or vector(0)`,
      "Parts of services that do not work right now.",
    ),
    stat(
      "Services not well",
      `count(serin_service_health{${AT},health!="well"}) or vector(0)`,
      "Degraded, down or not looked at.",
    ),
    panel("table", "Rollouts", {
      about: "Under way, or the last one of each service.",
      queries: [{ expr: `serin_rollout_info{${AT}}`, legend: "" }],
    }),
    panel("state-timeline", "Waiting for", {
      about: "What each rollout under way waits for.",
      queries: [{ expr: `serin_rollout_waiting{${AT}}`, legend: each("for") }],
    }),
    panel("timeseries", "Step", {
      about: "The step under way, from 1, of how many.",
      steps: true,
      queries: [
        { expr: `max by (service) (serin_rollout_step{${AT}})`, legend: each() },
        { expr: `serin_rollout_steps{${AT}}`, legend: `${each()} of` },
      ],
    }),
    panel("timeseries", "Ends of rollouts", {
      about: "Rollouts that ended in an hour, by outcome, of all services.",
      queries: [{ expr: "sum by (outcome) (increase(serin_rollouts_ended_total[1h]))", legend: "{{outcome}}" }],
    }),
  ],
};

const TRAFFIC: Row = {
  title: "Traffic",
  panels: [
    panel("timeseries", "Shares wanted", {
      about: "What Serin wants each role to get.",
      unit: "percentunit",
      max: 1,
      steps: true,
      queries: [{ expr: `serin_service_share_wanted_ratio{${AT}}`, legend: each("role") }],
    }),
    panel("timeseries", "Shares measured", {
      about: "What each role got of the requests counted in the last ten seconds.",
      unit: "percentunit",
      max: 1,
      queries: [{ expr: `serin_service_share_measured_ratio{${AT}}`, legend: each("role") }],
    }),
    panel("timeseries", "Shares: reported less wanted", {
      about: "Off 0 for longer than a moment, the router does not do what Serin wants.",
      unit: "percentunit",
      queries: [
        {
          expr: `serin_service_share_reported_ratio{${AT}} - serin_service_share_wanted_ratio{${AT}}`,
          legend: each("role"),
        },
      ],
    }),
    panel("timeseries", "Requests", {
      about: "Per second, of all roles; quick to rise, slow to fall.",
      unit: "reqps",
      queries: [{ expr: `serin_service_requests_per_second{${AT}}`, legend: each() }],
    }),
    panel("timeseries", "Replicas ready", {
      about: "Of each role; the wanted number beside it.",
      steps: true,
      queries: [
        { expr: `serin_service_replicas_ready{${AT}}`, legend: each("role") },
        { expr: `serin_service_replicas_wanted{${AT}}`, legend: `${each("role")} wanted` },
      ],
    }),
    panel("state-timeline", "Health", {
      about: "Whether the service answers, whatever becomes of the release.",
      queries: [{ expr: `serin_service_health{${AT}}`, legend: each("health") }],
    }),
  ],
};

const EVIDENCE: Row = {
  title: "Evidence",
  panels: [
    panel("state-timeline", "Verdicts", {
      about: "On each candidate, until a quarter of an hour after its end.",
      queries: [{ expr: `serin_rollout_verdict{${AT}}`, legend: each("role", "verdict") }],
    }),
    panel("timeseries", "How sure it is that a candidate is worse", {
      about: "1 - 1/E of the strongest evidence so far.",
      unit: "percentunit",
      max: 1,
      queries: [{ expr: `serin_rollout_verdict_sure_ratio{${AT}}`, legend: each("role") }],
    }),
    panel("timeseries", "Requests counted as evidence", {
      about: "Per second, by role; baseline is what the canary is compared with.",
      unit: "reqps",
      queries: [{ expr: `rate(serin_rollout_evidence_requests_total{${AT}}[$__rate_interval])`, legend: each("role") }],
    }),
    panel("timeseries", "Failures among them", {
      about: "The share of the requests counted so far that failed.",
      unit: "percentunit",
      queries: [
        {
          expr: `serin_rollout_evidence_failures_total{${AT}} / (serin_rollout_evidence_requests_total{${AT}} > 0)`,
          legend: each("role"),
        },
      ],
    }),
    panel("timeseries", "Evidence that a metric is worse", {
      about: "E-values. The limit is where, over all metrics together, a rollout is rolled back.",
      logarithmic: true,
      queries: [
        { expr: `serin_rollout_metric_e_value{${AT},of="worse"}`, legend: each("role", "metric") },
        { expr: `serin_rollout_e_value_limit{${AT},of="worse"}`, legend: `${each()} rolls back` },
      ],
    }),
    panel("timeseries", "Evidence that a metric is no worse", {
      about: "E-values of the judgement under way. The limit is where a metric is shown to be no worse.",
      logarithmic: true,
      queries: [
        { expr: `serin_rollout_metric_e_value{${AT},of="no-worse"}`, legend: each("role", "metric") },
        { expr: `serin_rollout_e_value_limit{${AT},of="no-worse"}`, legend: `${each()} goes on` },
      ],
    }),
    panel("state-timeline", "Metrics", {
      about: "What is shown of each metric.",
      queries: [{ expr: `serin_rollout_metric_state{${AT}}`, legend: each("role", "metric", "state") }],
    }),
    panel("timeseries", "Requests still missing", {
      about: "Canary requests, about, until a metric can be shown to be no worse.",
      queries: [{ expr: `serin_rollout_metric_needed_requests{${AT}}`, legend: each("role", "metric") }],
    }),
  ],
};

/** Grafana's names for the units of metrics; any other is a plain number. */
const UNITS: Readonly<Record<string, string>> = { share: "percentunit", ms: "ms", B: "bytes", "1/s": "ops" };

/** What the metrics at hand are, unit by unit: one axis has one unit. */
function valuesOf({ units }: AtHand): Row {
  const found = units.length > 0 ? units : ["share", "ms"];
  return {
    title: "Metrics compared",
    panels: found.map((unit) =>
      panel("timeseries", `Metrics in ${unit === "" ? "numbers" : unit}`, {
        about: "Estimates for the candidate and for the baseline.",
        unit: UNITS[unit] ?? "short",
        queries: [{ expr: `serin_rollout_metric_value{${AT},unit="${unit}"}`, legend: each("metric", "role") }],
      }),
    ),
  };
}

const quantile = (share: number, rest: string): string => `histogram_quantile(${share}, ${rest})`;

const CONTROLLER: Row = {
  title: "Controller",
  panels: [
    panel("timeseries", "Decision lag", {
      about: "From when a look was due to when what follows was written down.",
      unit: "s",
      queries: [0.5, 0.99].map((share) => ({
        expr: quantile(share, "sum by (le) (rate(serin_decision_lag_seconds_bucket[$__rate_interval]))"),
        legend: `p${share * 100}`,
      })),
    }),
    panel("timeseries", "Passes", {
      about: "How long one look at a service takes, with all that follows from it.",
      unit: "s",
      queries: [0.5, 0.99].map((share) => ({
        expr: quantile(share, "sum by (le) (rate(serin_pass_duration_seconds_bucket[$__rate_interval]))"),
        legend: `p${share * 100}`,
      })),
    }),
    panel("timeseries", "Calls of parts", {
      about: "The 99th percentile, by part and call; appends to the journal are among them.",
      unit: "s",
      queries: [
        {
          expr: quantile(
            0.99,
            "sum by (part, call, le) (rate(serin_port_call_duration_seconds_bucket[$__rate_interval]))",
          ),
          legend: "{{part}} {{call}}",
        },
      ],
    }),
    panel("timeseries", "Calls that did not succeed", {
      about: "Per second, by part and outcome.",
      unit: "ops",
      queries: [
        {
          expr: 'sum by (part, outcome) (rate(serin_port_call_duration_seconds_count{outcome!="ok"}[$__rate_interval]))',
          legend: "{{part}} {{outcome}}",
        },
      ],
    }),
    panel("timeseries", "Decisions", {
      about: "Per minute, by kind.",
      unit: "opm",
      queries: [{ expr: "60 * sum by (kind) (rate(serin_decisions_total[$__rate_interval]))", legend: "{{kind}}" }],
    }),
    panel("timeseries", "Commands", {
      about: "In an hour, by kind and what became of them.",
      queries: [
        { expr: "sum by (kind, outcome) (increase(serin_commands_total[1h]))", legend: "{{kind}} {{outcome}}" },
      ],
    }),
    panel("timeseries", "Troubles", {
      about: "Now, by service and part; and those that began in an hour, by part.",
      steps: true,
      queries: [
        { expr: `serin_service_trouble{${AT}}`, legend: each("part") },
        { expr: "sum by (part) (increase(serin_troubles_total[1h]))", legend: "{{part}} in an hour" },
      ],
    }),
    panel("timeseries", "Messages", {
      about: "Waiting, by service; and attempts per minute, by purpose and outcome.",
      queries: [
        { expr: `serin_service_outbox_messages{${AT}}`, legend: `${each()} waiting` },
        {
          expr: "60 * sum by (purpose, outcome) (rate(serin_messages_total[$__rate_interval]))",
          legend: "{{purpose}} {{outcome}}",
        },
      ],
    }),
    panel("timeseries", "CPU", {
      about: "Of the controller's process.",
      unit: "percentunit",
      queries: [{ expr: 'rate(process_cpu_seconds_total{job="serin"}[$__rate_interval])', legend: "{{instance}}" }],
    }),
    panel("timeseries", "Memory", {
      about: "Of the controller's process.",
      unit: "bytes",
      queries: [{ expr: 'process_resident_memory_bytes{job="serin"}', legend: "{{instance}}" }],
    }),
  ],
};

/** The rows of the dashboard, top to bottom. */
export function rowsFor(at: AtHand): readonly Row[] {
  return [NOW, TRAFFIC, EVIDENCE, valuesOf(at), CONTROLLER];
}
