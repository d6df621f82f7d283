// How many requests did each pool answer, as the Envoys' own statistics tell?
import type { Page } from "../../core/exposition/parse.ts";
import type { Series } from "../../core/evidence.ts";
import { BUCKETS, BUCKETS_PER_OCTAVE, type Histogram } from "../../core/histogram.ts";
import { messageOf } from "../../core/issues.ts";
import type { EnvoySpec } from "../../core/spec/envoy.ts";
import { AdminPages } from "./admin-pages.ts";
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

const SILENT =
  "it has streamed nothing yet: serin export envoy --statistics prints the file of one that streams its statistics";

/** So many Envoys' streams are remembered. */
const MOST_STREAMS = 1_000;

/** Counts by both ways cannot follow one another: a stream tells latencies since it began, a page since its Envoy did. */
type Way = "stream" | "page";

/** What one Envoy has counted. */
interface Read {
  /** Names who counted, and since when. */
  readonly epoch: string;
  readonly way: Way;
  /** Another one than before when all counts began at 0 again. */
  readonly life: number;
  readonly counts: ByCluster;
}

interface Wanted {
  readonly clusters: readonly string[];
  readonly evidence: EnvoySpec["evidence"];
}

/** Statistics of all Envoys of a plane, by the way that each is asked. */
export class Statistics {
  readonly #epoch: string;
  readonly #streamed = new Map<string, Streamed>();
  readonly #lives = new Map<string, { readonly uptime: number; readonly life: number }>();
  readonly #pages = new AdminPages();
  /** Envoys whose page was read before they streamed, where either would do. */
  readonly #paged = new Set<string>();

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
   * Counts of these clusters by Envoy, from its stream or its admin page as `evidence` says. Where that is neither, from the
   * one that tells first. Rejects with the Envoy's name and what was found instead.
   */
  async read(envoys: readonly ConnectedEnvoy[], wanted: Wanted, nowMs: number): Promise<readonly Read[]> {
    const read = envoys.map(async (envoy): Promise<Read> => {
      const { id } = envoy.node;
      try {
        return { epoch: `${id} since ${this.#epoch}`, ...(await this.#readOne(envoy, wanted, nowMs)) };
      } catch (error) {
        throw new Error(`Envoy ${id}: ${messageOf(error)}`, { cause: error });
      }
    });
    return Promise.all(read);
  }

  async #readOne(envoy: ConnectedEnvoy, { clusters, evidence }: Wanted, nowMs: number): Promise<Omit<Read, "epoch">> {
    const name = `${envoy.node.fleet} ${envoy.node.id}`;
    const streamed = this.#streamed.get(name);
    const isEither = evidence === "access-log";
    if (evidence === "metrics-stream" || (isEither && streamed && !this.#paged.has(name))) {
      if (!streamed) throw new Error(SILENT);
      return { way: "stream", life: 0, counts: streamed.read() };
    }
    const page = await this.#pages.ask(envoy, clusters, nowMs).catch((error: unknown) => {
      this.#paged.delete(name);
      throw isEither ? new Error(`it streams no statistics, and ${messageOf(error)}`, { cause: error }) : error;
    });
    if (isEither) this.#paged.add(name);
    return { way: "page", life: this.#life(name, page), counts: countedOnPage(page) };
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
}

/** One pool at one Envoy: `base` is what was counted in earlier lives, `first` what is somebody else's. */
interface Line {
  readonly pool: string;
  readonly epoch: string;
  readonly way: Way;
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
  /** By Envoy and pool; the last one grows, those before were counted by another way. */
  readonly #lines = new Map<string, Line[]>();
  /** Pools of an earlier controller, who has told what was counted until then. */
  readonly #told: Set<string>;

  constructor(told: Iterable<string>) {
    this.#told = new Set(told);
  }

  take(pool: string, { epoch, way, life }: Omit<Read, "counts">, counted: Counted): void {
    const key = `${epoch}\n${pool}`;
    const lines = this.#lines.get(key) ?? [];
    const line = lines.at(-1);
    if (line?.way !== way) {
      const first = line || this.#told.has(pool) ? counted : NOTHING;
      const own = line ? `${epoch} by ${way} ${lines.length}` : epoch;
      lines.push({ pool, epoch: own, way, first, base: NOTHING, last: counted, life });
      return void this.#lines.set(key, lines);
    }
    if (life !== line.life || counted.requests < line.last.requests) line.base = sumOf(line.base, line.last);
    line.last = counted;
    line.life = life;
  }

  /** Series of the pools as wholes, for nobody tells their replicas apart. */
  read(): readonly Series[] {
    return [...this.#lines.values()].flat().map(({ pool, epoch, first, base, last }) => {
      const { requests, failed, clientErrors, latency } = without(sumOf(base, last), first);
      return { pool, replica: pool, epoch, requests, failed, clientErrors, latency };
    });
  }

  keep(pools: ReadonlySet<string>): void {
    for (const [key, [line]] of this.#lines) if (line && !pools.has(line.pool)) this.#lines.delete(key);
  }
}
