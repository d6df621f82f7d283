// How do Serin's own metrics, and the alerts about it, look as tables for people?
import { Registry } from "prom-client";
import { alertsFor } from "../src/cli/export/alerts.ts";
import { makeCounts } from "../src/telemetry/metrics/counts.ts";
import { FAMILIES } from "../src/telemetry/metrics/families.ts";

type Rows = readonly (readonly string[])[];

function table(rows: Rows): string {
  const [head = [], ...rest] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rest.map(line)].join("\n");
}

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ") || "–";

/** What is counted as it happens. */
async function countRows(): Promise<Rows> {
  const registry = new Registry();
  makeCounts(registry);
  const found = await registry.getMetricsAsJSON();
  return registry.getMetricsAsArray().map((metric) => {
    const labels = "labelNames" in metric ? (metric.labelNames as readonly string[]) : [];
    // Its numbers stand for the kinds of metrics.
    const type = String(found.find(({ name }) => name === metric.name)?.type);
    return [code([metric.name]), type, code(labels), metric.help];
  });
}

function familyRows(): Rows {
  return FAMILIES.map(({ name, type, labels, help }) => [code([name]), type, code(["service", ...labels]), help]);
}

function alertRows(): Rows {
  const alerts = alertsFor({ services: [], units: [], rollouts: [] });
  return alerts.map(({ alert, labels, for: lasts = "–", annotations }) => [
    code([alert]),
    labels.severity,
    lasts,
    annotations.summary.replaceAll("{{ $labels.service }}", "a service"),
  ]);
}

function replaced(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no place for the table: ${begin} … ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}

/** The page with its tables as they are now. Throws when a place is not marked. */
export async function withTelemetry(page: string): Promise<string> {
  const head = ["name", "type", "labels", "what it is"];
  const metrics = table([head, ...familyRows(), ...(await countRows())]);
  const alerts = table([["alert", "severity", "for", "when"], ...alertRows()]);
  return replaced(replaced(page, "metrics", metrics), "alerts", alerts);
}
