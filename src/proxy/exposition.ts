// How does a Prometheus read the counters?
import { BUCKETS, BUCKETS_PER_OCTAVE, countOf, upperBoundUs, type Histogram } from "../core/histogram.ts";
import { ROLES, shareOf } from "../core/split.ts";
import { WHOLE } from "../core/units.ts";
import { COPY_ROLES, type CopySums } from "./mirror/messages.ts";
import type { CopyTotals } from "./mirror/book.ts";
import type { Count } from "./ledger.ts";
import { EVERYBODY, IN_SECTION, type ServedRoute } from "./served.ts";

/** Bucket ends that are shown, two per doubling from 0.26 ms to 67 s: exact ends of the finer buckets underneath. */
const EDGES: readonly number[] = Array.from({ length: 37 }, (_, step) => 8 * BUCKETS_PER_OCTAVE - 1 + step * 4);

export interface Exposed {
  readonly counts: readonly Count[];
  /** By section. */
  readonly copies: ReadonlyMap<string, CopyTotals>;
  readonly routes: readonly ServedRoute[];
  readonly workers: number;
}

/** Prometheus' text format, version 0.0.4. */
export function exposition({ counts, copies, routes, workers }: Exposed): string {
  const series = counts.map((count) => ({ count, labels: labelsOf(count, routes) }));
  const counter = (name: string, help: string, value: (count: Count) => number): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} counter`,
    ...series.map(({ count, labels }) => `${name}{${labels}} ${value(count)}`),
  ];
  return [
    ...counter(
      "serin_requests_total",
      "Requests that ended, except those given up by their client.",
      (c) => c.requests,
    ),
    ...counter("serin_requests_failed_total", "Requests answered with 5xx or not at all.", (c) => c.failed),
    ...counter("serin_requests_client_errors_total", "Requests answered with 4xx.", (c) => c.clientErrors),
    "# HELP serin_request_duration_seconds From a request's head to the end of its answer. The sum is estimated from buckets 9 % wide.",
    "# TYPE serin_request_duration_seconds histogram",
    ...series.flatMap(({ count, labels }) => histogramLines(labels, count.latency)),
    "# HELP serin_share_ratio Share of the requests that a role gets.",
    "# TYPE serin_share_ratio gauge",
    ...routes.flatMap(({ section, split }) =>
      ROLES.map((role) => {
        const labels = `${sectionLabel(section?.name ?? EVERYBODY)}role="${role}"`;
        return `serin_share_ratio{${labels}} ${shareOf(split.weights, role) / WHOLE}`;
      }),
    ),
    ...copyLines(copies),
    "# HELP serin_proxy_workers Worker threads that listen.",
    "# TYPE serin_proxy_workers gauge",
    `serin_proxy_workers ${workers}`,
    "",
  ].join("\n");
}

const COPIES: readonly (readonly [name: string, help: string, of: keyof CopySums])[] = [
  ["serin_mirror_sent_total", "Copies of requests that were sent.", "sent"],
  ["serin_mirror_shed_total", "Copies that were due and left out, to spare users' requests.", "shed"],
  ["serin_mirror_failed_total", "Copies that were not answered.", "failed"],
  ["serin_mirror_compared_total", "Answers to copies that were compared with the user's.", "compared"],
  ["serin_mirror_differing_total", "Of these, those that differed in any part.", "differing"],
];

function copyLines(copies: ReadonlyMap<string, CopyTotals>): string[] {
  return COPIES.flatMap(([name, help, of]) => {
    const samples = [...copies].flatMap(([section, totals]) =>
      COPY_ROLES.map((role) => `${name}{${sectionLabel(section)}role="${role}"} ${totals[role][of]}`),
    );
    return [`# HELP ${name} ${help}`, `# TYPE ${name} counter`].concat(samples);
  });
}

function histogramLines(labels: string, latency: Histogram): string[] {
  const name = "serin_request_duration_seconds";
  const total = countOf(latency);
  const below = cumulative(latency);
  return [
    ...EDGES.map((edge) => `${name}_bucket{${labels},le="${seconds(upperBoundUs(edge))}"} ${below[edge] ?? 0}`),
    `${name}_bucket{${labels},le="+Inf"} ${total}`,
    `${name}_sum{${labels}} ${seconds(estimatedSumUs(latency))}`,
    `${name}_count{${labels}} ${total}`,
  ];
}

function cumulative(latency: Histogram): readonly number[] {
  let seen = 0;
  return Array.from({ length: BUCKETS }, (_, bucket) => (seen += latency[bucket] ?? 0));
}

/** Every request counts with the middle of its bucket: at most 4.5 % off. */
function estimatedSumUs(latency: Histogram): number {
  let sum = 0;
  for (const key in latency) sum += (latency[key] ?? 0) * 2 ** ((Number(key) + 0.5) / BUCKETS_PER_OCTAVE);
  return sum;
}

function seconds(us: number): number {
  return Number((us / 1e6).toPrecision(9));
}

/** A pool that no role is given to any more keeps its series, with the role `none`. */
function labelsOf({ pool, replica }: Count, routes: readonly ServedRoute[]): string {
  const role = ROLES.find((candidate) => routes.some(({ pools }) => pools[candidate]?.pool === pool)) ?? "none";
  const [, section = EVERYBODY, own = pool] = IN_SECTION.exec(pool) ?? [];
  const name = section !== EVERYBODY && replica.startsWith(`${section}/`) ? replica.slice(section.length + 1) : replica;
  return `${sectionLabel(section)}role="${role}",pool="${escaped(own)}",replica="${escaped(name)}"`;
}

function sectionLabel(section: string): string {
  return section === EVERYBODY ? "" : `section="${escaped(section)}",`;
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
