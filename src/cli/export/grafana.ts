// How do rollouts look in Grafana?
import type { AtHand } from "./at-hand.ts";
import { rowsFor } from "./dashboard-rows.ts";
import type { Exporter } from "./exporter.ts";
import { placed } from "./panels.ts";
import { anyOf, matchers } from "./select.ts";

/** A dashboard of the rollouts at hand, to be imported as it is. */
function dashboardFor(at: AtHand): object {
  return {
    uid: "serin-rollouts",
    title: "Serin: rollouts",
    description: "How rollouts go, what the evidence says, and how the controller does.",
    tags: ["serin"],
    schemaVersion: 39,
    editable: true,
    timezone: "browser",
    time: { from: "now-1h", to: "now" },
    refresh: "10s",
    templating: { list: variables(at) },
    annotations: { list: [ends(at)] },
    panels: placed(rowsFor(at)),
  };
}

function variables(at: AtHand): readonly object[] {
  const query = `label_values(serin_service_health${matchers(at)}, service)`;
  return [
    { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {} },
    {
      name: "service",
      label: "Service",
      type: "query",
      datasource: { type: "prometheus", uid: "${datasource}" },
      query: { query, refId: "services" },
      definition: query,
      refresh: 2,
      sort: 1,
      multi: true,
      includeAll: true,
      allValue: at.services.length > 0 ? anyOf(at.services) : ".+",
      current: { text: "All", value: "$__all" },
    },
  ];
}

/** A mark in every panel where a rollout ended. */
function ends(at: AtHand): object {
  return {
    name: "Ends of rollouts",
    datasource: { type: "prometheus", uid: "${datasource}" },
    enable: true,
    iconColor: "orange",
    expr: `changes(serin_rollout_ended_timestamp_seconds${matchers(at)}[1m]) > 0`,
    titleFormat: "{{service}} {{outcome}}",
    step: "15s",
  };
}

export const grafana: Exporter = {
  name: "grafana",
  description: "a dashboard for Grafana",
  make: ({ atHand }) => ({ as: "json", about: [], documents: [dashboardFor(atHand)] }),
};
