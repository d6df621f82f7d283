// How does a proposal look in a rollout file?
import type { OwnMetric } from "./own.ts";
import type { Proposal } from "./propose.ts";

/** Where the page was found. */
export interface Found {
  readonly url: string;
  readonly path: string;
  readonly port: number;
  readonly format: string;
}

/** So many of the service's own are listed. */
const MOST_OWN = 20;

/** Metrics of requests that need no page, for the proxy sees them. */
const BY_PROXY = ["success-rate", "latency-p99"];

/** A block for a rollout file, with comments that say why. What is commented out is right as it stands. */
export function proposalText(found: Found, proposal: Proposal): string {
  const { frameworks, metrics, counted } = proposal;
  const whose = frameworks.length === 0 ? "nothing that is known" : frameworks.map(({ title }) => title).join(", ");
  const lines = [
    `# ${found.url}: ${whose}.`,
    `# ${found.format}, ${counted.series} series of ${counted.metrics} names.`,
    "# For Serin to read it, below spec.workload.process or beside urls (port only where it is not the one that serves requests):",
    `#   metrics: { path: ${plain(found.path)}, port: ${found.port} }`,
    "analysis:",
    "  metrics:",
    "    # What is seen of requests on their way; it needs no page.",
    ...BY_PROXY.map((preset) => `    - { preset: ${preset} }`),
  ];
  for (const { name, title } of frameworks) {
    const its = metrics.filter(({ preset }) => preset.startsWith(`${name}:`));
    lines.push(`    # ${title}`);
    lines.push(...its.map(({ preset, about, now }) => `    - { preset: ${preset} } # ${about} Now: ${oneLine(now)}.`));
  }
  return [...lines, ...ownLines(proposal), ...leftLines(proposal)].join("\n");
}

function ownLines({ own }: Proposal): readonly string[] {
  if (own.length === 0) return [];
  const shown = own.slice(0, MOST_OWN);
  const more = own.length - shown.length;
  return [
    "    # The service's own. Take what matters, and say worse: down where less is worse.",
    ...shown.map((metric) => `    # - ${ownText(metric)}${metric.help ? ` # ${oneLine(metric.help)}` : ""}`),
    ...(more > 0 ? [`    # (and ${more} more)`] : []),
  ];
}

function ownText({ kind, name, series, total }: OwnMetric): string {
  const fields = [`kind: ${kind}`, `name: ${plain(name)}`, `series: ${plain(series)}`];
  if (total !== undefined) fields.push(`total: ${plain(total)}`);
  return `{ ${fields.join(", ")} }`;
}

function leftLines({ hidden, leftOut, start, own, frameworks }: Proposal): readonly string[] {
  const lines = [
    ...hidden.map(({ title, by }) => `${title}: ${by} has its own figures, or these are about something else`),
    ...leftOut.map(({ what, why }) => `${what}: ${why}`),
    ...(start ? [] : ["process_start_time_seconds is not there: a start is told only by counters that become smaller"]),
    ...(own.some(({ kind }) => kind === "mean")
      ? ["Summaries have no buckets: of them only the mean is compared"]
      : []),
    ...(frameworks.length === 0 ? ["No framework was recognised, so no preset of one is proposed"] : []),
  ];
  return lines.length === 0 ? [] : ["# Left out, or to know:", ...lines.map((line) => `#   ${oneLine(line)}`)];
}

const LONGEST = 160;

/** Other people's text in a comment: one line, not too long, and nothing that a terminal would take for a command. */
function oneLine(words: string): string {
  const line = words.replaceAll(/[\s\p{C}]+/gu, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** A text as YAML reads it back, in quotes where it would be something else. */
function plain(value: string): string {
  return /^[a-zA-Z_/][\w ./-]*$/u.test(value) && !value.endsWith(" ") ? value : JSON.stringify(value);
}
