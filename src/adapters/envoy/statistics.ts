// How many requests did each pool answer, as the Envoys' own statistics tell?
import { parsePage, type Page } from "../../core/exposition/parse.ts";
import type { Series } from "../../core/evidence.ts";
import { BUCKETS, BUCKETS_PER_OCTAVE, type Histogram } from "../../core/histogram.ts";
import { messageOf } from "../../core/issues.ts";
import { literal } from "./resources/messages.ts";
import type { EnvoyHistogram, EnvoyMetric } from "./xds/metrics-stream.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

/** What one Envoy has counted of one cluster since it started. */
interface Counted {
  readonly requests: number;
  readonly failed: number;
  readonly clientErrors: number;
  readonly latency: Histogram;
}

type ByCluster = ReadonlyMap<string, Counted>;

/** Bounds in milliseconds, two per doubling from 0.5 ms to 134 s: ends of the finer buckets that latencies are compared by. */
export const BOUNDS_MS: readonly number[] = Array.from({ length: 37 }, (_, step) => 2 ** (9 + step / 2) / 1_000);

/** The bucket that ends at a bound; `undefined` when none does. Envoys write bounds with six digits. */
function bucketEndingAt(boundMs: number): number | undefined {
  if (boundMs === Infinity) return BUCKETS - 1;
  const exact = Math.log2(boundMs * 1_000) * BUCKETS_PER_OCTAVE;
  const near = Math.round(exact);
  return Math.abs(exact - near) < 0.001 ? Math.min(BUCKETS - 1, Math.max(0, near - 1)) : undefined;
}

const OTHER_BUCKETS =
  "its latencies are in other buckets than those that the file of serin export envoy asks for: start it with stats_config.histogram_bucket_settings from there";

/** Counts up to each bound as a histogram. Throws for bounds that are no ends of its buckets. */
function latencyOf(buckets: EnvoyHistogram["buckets"]): Histogram {
  const latency: Record<number, number> = {};
  let before = 0;
  for (const { upTo, count } of buckets) {
    const more = count - before;
    before = count;
    if (more <= 0) continue;
    const bucket = bucketEndingAt(upTo);
    if (bucket === undefined) throw new Error(OTHER_BUCKETS);
    latency[bucket] = (latency[bucket] ?? 0) + more;
  }
  return latency;
}

function plus(a: Histogram, b: Histogram): Histogram {
  const sum: Record<number, number> = { ...a };
  for (const key in b) sum[key] = (sum[key] ?? 0) + (b[key] ?? 0);
  return sum;
}

const NOTHING: Counted = { requests: 0, failed: 0, clientErrors: 0, latency: {} };

function sumOf(a: Counted, b: Counted): Counted {
  return {
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    clientErrors: a.clientErrors + b.clientErrors,
    latency: plus(a.latency, b.latency),
  };
}

class Draft {
  readonly #classes = new Map<string, Map<string, number>>();
  readonly #latency = new Map<string, Histogram>();

  responses(cluster: string, kind: string, count: number): void {
    const classes = this.#classes.get(cluster) ?? new Map<string, number>();
    this.#classes.set(cluster, classes.set(kind, count));
  }

  latency(cluster: string, latency: Histogram): void {
    this.#latency.set(cluster, latency);
  }

  done(): ByCluster {
    const counted = [...this.#classes].map(([cluster, classes]) => {
      const requests = [...classes.values()].reduce((sum, count) => sum + count, 0);
      const [failed, clientErrors] = [classes.get("5") ?? 0, classes.get("4") ?? 0];
      return [cluster, { requests, failed, clientErrors, latency: this.#latency.get(cluster) ?? {} }] as const;
    });
    return new Map(counted);
  }
}

/** What a page of statistics says, in Prometheus' format. */
export function countedOnPage(page: Page): ByCluster {
  const draft = new Draft();
  for (const { labels, value } of page.samples.get("envoy_cluster_upstream_rq_xx") ?? []) {
    draft.responses(labels.get("envoy_cluster_name") ?? "", labels.get("envoy_response_code_class") ?? "", value);
  }
  const buckets = page.samples.get("envoy_cluster_upstream_rq_time_bucket") ?? [];
  for (const [cluster, own] of Map.groupBy(buckets, ({ labels }) => labels.get("envoy_cluster_name") ?? "")) {
    const counts = own.map(({ labels, value }) => ({ upTo: numberOf(labels.get("le")), count: value }));
    draft.latency(cluster, latencyOf(counts.toSorted((a, b) => a.upTo - b.upTo)));
  }
  return draft.done();
}

const numberOf = (le: string | undefined): number => (le === "+Inf" ? Infinity : Number(le));

/** What an Envoy streams: counters as they stand, histograms of what came since the last time. */
class Streamed {
  readonly #classes = new Map<string, Map<string, number>>();
  readonly #latency = new Map<string, Histogram>();
  /** What clusters counted that have begun anew, with their Envoy or in it. */
  readonly #ended = new Map<string, Counted>();
  #uptime = -1;
  #trouble: string | undefined;

  take(metrics: readonly EnvoyMetric[]): void {
    const uptime = metrics.find(({ name }) => name === "server.uptime");
    if (uptime?.kind === "gauge") {
      if (uptime.value < this.#uptime) for (const cluster of this.#classes.keys()) this.#end(cluster);
      this.#uptime = uptime.value;
    }
    // Counters first: they tell that a cluster began again, whose histogram is then that of its new life.
    for (const metric of metrics) {
      const cluster = metric.labels["envoy.cluster_name"];
      const kind = metric.labels["envoy.response_code_class"] ?? "";
      if (cluster === undefined || metric.kind !== "counter" || metric.name !== "cluster.upstream_rq_xx") continue;
      this.#count(cluster, kind, metric.value);
    }
    for (const metric of metrics) {
      const cluster = metric.labels["envoy.cluster_name"];
      if (cluster === undefined || metric.kind !== "histogram" || metric.name !== "cluster.upstream_rq_time") continue;
      this.#add(cluster, metric);
    }
  }

  read(): ByCluster {
    if (this.#trouble !== undefined) throw new Error(this.#trouble);
    const all = new Map(this.#ended);
    for (const [cluster, counted] of this.#now()) all.set(cluster, sumOf(all.get(cluster) ?? NOTHING, counted));
    return all;
  }

  #now(): ByCluster {
    const draft = new Draft();
    for (const [cluster, classes] of this.#classes) {
      for (const [kind, count] of classes) draft.responses(cluster, kind, count);
      draft.latency(cluster, this.#latency.get(cluster) ?? {});
    }
    return draft.done();
  }

  #end(cluster: string): void {
    this.#ended.set(cluster, sumOf(this.#ended.get(cluster) ?? NOTHING, this.#now().get(cluster) ?? NOTHING));
    this.#classes.delete(cluster);
    this.#latency.delete(cluster);
  }

  #count(cluster: string, kind: string, value: number): void {
    if (value < (this.#classes.get(cluster)?.get(kind) ?? 0)) this.#end(cluster);
    const classes = this.#classes.get(cluster) ?? new Map<string, number>();
    this.#classes.set(cluster, classes.set(kind, value));
  }

  #add(cluster: string, { histogram }: Extract<EnvoyMetric, { kind: "histogram" }>): void {
    try {
      this.#latency.set(cluster, plus(this.#latency.get(cluster) ?? {}, latencyOf(histogram.buckets)));
    } catch (error) {
      this.#trouble = messageOf(error);
    }
  }
}

/** So many Envoys' streams are remembered. */
const MOST_STREAMS = 1_000;

/** An admin page is not asked more often. */
const FRESH_MS = 400;
const ANSWER_MS = 2_000;

/** What one Envoy has counted. */
interface Read {
  /** Names who counted, and since when. */
  readonly epoch: string;
  /** Another one than before when all counts began at 0 again. */
  readonly life: number;
  readonly counts: ByCluster;
}

/** Statistics of all Envoys of a plane, by the way that each is asked. */
export class Statistics {
  readonly #epoch: string;
  readonly #streamed = new Map<string, Streamed>();
  readonly #lives = new Map<string, { readonly uptime: number; readonly life: number }>();
  readonly #asked = new Map<string, { readonly atMs: number; readonly of: string; readonly page: Promise<Page> }>();

  /** `epoch` names the time that is counted in. */
  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** What an Envoy has streamed. */
  take(node: string, metrics: readonly EnvoyMetric[]): void {
    const streamed = this.#streamed.get(node) ?? new Streamed();
    // Who was heard last comes last.
    this.#streamed.delete(node);
    this.#streamed.set(node, streamed);
    streamed.take(metrics);
    const [oldest] = this.#streamed.keys();
    if (this.#streamed.size > MOST_STREAMS && oldest !== undefined) this.#streamed.delete(oldest);
  }

  /**
   * Counts of these clusters by Envoy. Each is read where it tells: from its stream, else from its admin page. Rejects
   * with the Envoy's name and what was found instead.
   */
  async read(envoys: readonly ConnectedEnvoy[], clusters: readonly string[], nowMs: number): Promise<readonly Read[]> {
    const read = envoys.map(async (envoy): Promise<Read> => {
      const { id, fleet } = envoy.node;
      const streamed = this.#streamed.get(`${fleet} ${id}`);
      try {
        const epoch = `${id} since ${this.#epoch}`;
        if (streamed) return { epoch, life: 0, counts: streamed.read() };
        const page = await this.#ask(envoy, clusters, nowMs);
        return { epoch, life: this.#life(`${fleet} ${id}`, page), counts: countedOnPage(page) };
      } catch (error) {
        throw new Error(`Envoy ${id}: ${messageOf(error)}`, { cause: error });
      }
    });
    return Promise.all(read);
  }

  /** An Envoy that has been up for less time than before is another one. */
  #life(node: string, page: Page): number {
    const [sample] = page.samples.get("envoy_server_uptime") ?? [];
    const uptime = sample?.value ?? 0;
    const known = this.#lives.get(node) ?? { uptime, life: 0 };
    const life = uptime < known.uptime ? known.life + 1 : known.life;
    this.#lives.set(node, { uptime, life });
    return life;
  }

  #ask({ node }: ConnectedEnvoy, clusters: readonly string[], nowMs: number): Promise<Page> {
    const of = clusters.join("|");
    const key = `${node.id} ${of}`;
    const known = this.#asked.get(key);
    if (known && nowMs - known.atMs < FRESH_MS) return known.page;
    const page = fetchPage(adminOf(node.metadata), clusters);
    this.#asked.set(key, { atMs: nowMs, of, page });
    page.catch(() => this.#asked.delete(key));
    return page;
  }
}

/** The admin page's address, as the Envoy's own file tells it. */
function adminOf(metadata: ConnectedEnvoy["node"]["metadata"]): string {
  const serin = metadata["serin"];
  const admin = typeof serin === "object" && serin !== null && "admin" in serin ? serin["admin"] : undefined;
  if (typeof admin === "string") return admin;
  throw new Error("it streams no statistics, and its node.metadata.serin.admin does not say where its admin page is");
}

async function fetchPage(admin: string, clusters: readonly string[]): Promise<Page> {
  const names = clusters.map(literal).join("|");
  const filter = String.raw`^(?:server\.uptime|cluster\.(?:${names})\.upstream_rq_(?:\dxx|time))$`;
  const url = `http://${admin}/stats/prometheus?filter=${encodeURIComponent(filter)}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) }).catch((error: unknown) => {
    throw new Error(`its admin page at ${admin} does not answer: ${messageOf(error)}`);
  });
  if (!answer.ok) throw new Error(`its admin page at ${admin} answers ${answer.status}`);
  return parsePage(await answer.text(), "prometheus");
}

/** One pool at one Envoy: `base` is what was counted in earlier lives, `first` what is somebody else's. */
interface Line {
  readonly pool: string;
  readonly epoch: string;
  readonly first: Counted;
  base: Counted;
  last: Counted;
  life: number;
}

function without(all: Counted, part: Counted): Counted {
  const latency: Record<number, number> = {};
  for (const key in all.latency) {
    const left = (all.latency[key] ?? 0) - (part.latency[key] ?? 0);
    if (left > 0) latency[key] = left;
  }
  return {
    requests: all.requests - part.requests,
    failed: all.failed - part.failed,
    clientErrors: all.clientErrors - part.clientErrors,
    latency,
  };
}

/** Counts of one service that only ever grow: an Envoy begins at 0 again with a cluster that was gone, or when it starts anew. */
export class Ledger {
  readonly #lines = new Map<string, Line>();
  /** Pools of an earlier controller, who has told what was counted until then. */
  readonly #told: Set<string>;

  constructor(told: Iterable<string>) {
    this.#told = new Set(told);
  }

  take(pool: string, { epoch, life }: Omit<Read, "counts">, counted: Counted): void {
    const key = `${epoch}\n${pool}`;
    const line = this.#lines.get(key);
    if (!line) {
      const first = this.#told.has(pool) ? counted : NOTHING;
      return void this.#lines.set(key, { pool, epoch, first, base: NOTHING, last: counted, life });
    }
    if (life !== line.life || counted.requests < line.last.requests) line.base = sumOf(line.base, line.last);
    line.last = counted;
    line.life = life;
  }

  /** Series of the pools as wholes, for nobody tells their replicas apart. */
  read(): readonly Series[] {
    return [...this.#lines.values()].map(({ pool, epoch, first, base, last }) => {
      const { requests, failed, clientErrors, latency } = without(sumOf(base, last), first);
      return { pool, replica: pool, epoch, requests, failed, clientErrors, latency };
    });
  }

  keep(pools: ReadonlySet<string>): void {
    for (const [key, { pool }] of this.#lines) if (!pools.has(pool)) this.#lines.delete(key);
  }
}
