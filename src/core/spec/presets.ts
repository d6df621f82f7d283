// Which metrics have a name of their own, and what do they mean when nothing else is said?
import type { Effect, MeanOf, Unit, Worse } from "../stats/plan.ts";

/** What a preset has of its own. Margins are relative, or points for shares. */
interface Common {
  readonly about: string;
  /** Fields that must say which series it is made of. */
  readonly needs: readonly ("series" | "total")[];
  readonly unit: Unit;
  readonly effect: Effect;
  readonly margin: number;
  readonly tolerate: number;
}

interface RequestShare extends Common {
  readonly kind: "errors";
  readonly counts: "failed" | "clientErrors";
}
interface RequestLatency extends Common {
  readonly kind: "latency";
  readonly quantile: number;
}
interface Share extends Common {
  readonly kind: "ratio";
  /** `part` counts what went right, and what is left of the whole went wrong. */
  readonly rest?: boolean;
  /** What the events are, and what those did that count. */
  readonly words?: readonly [events: string, did: string];
  /** False: a rollout does not wait until it is shown to be no worse, for the events are too few. */
  readonly gates?: boolean;
  readonly worse: Worse;
  readonly part?: string;
  readonly whole?: string;
}
interface Buckets extends Common {
  readonly kind: "buckets";
  readonly histogram?: string;
}
interface Gauge extends Common {
  readonly kind: "gauge";
  readonly of?: MeanOf;
  /** How `series` is read when the preset has no source of its own. */
  readonly as?: "gauge" | "rate";
  readonly worse: Worse;
}
interface Leak extends Common {
  readonly kind: "leak";
}
interface Events extends Common {
  readonly kind: "events";
  readonly counter?: string;
  readonly per: "time" | "requests";
  readonly worse: Worse;
  readonly bursts: boolean;
}
interface Anomaly extends Common {
  readonly kind: "anomaly";
}

export type Preset = RequestShare | RequestLatency | Share | Buckets | Gauge | Leak | Events | Anomaly;

const errors = (counts: RequestShare["counts"], margin: number, about: string): RequestShare => ({
  kind: "errors",
  counts,
  about,
  needs: [],
  unit: "share",
  effect: "rollBack",
  margin,
  tolerate: 0,
});

const latency = (quantile: number, about: string): RequestLatency => ({
  kind: "latency",
  quantile,
  about,
  needs: [],
  unit: "ms",
  effect: "rollBack",
  margin: 0.2,
  tolerate: 0.1,
});

/** A share of events that two counters of the service tell. */
export const share = (about: string): Share => ({
  kind: "ratio",
  about,
  needs: ["total"],
  unit: "share",
  effect: "rollBack",
  worse: "up",
  margin: 0.01,
  tolerate: 0,
});

/** What the replicas themselves count in buckets. */
export const buckets = (about: string): Buckets => ({
  kind: "buckets",
  about,
  needs: ["series"],
  unit: "s",
  effect: "rollBack",
  margin: 0.05,
  tolerate: 0.01,
});

type Level = { readonly of: MeanOf; readonly unit: Unit; readonly worse?: Worse };

/** A level that needs no name of a series. A few replicas are few observations: it holds a rollout, and does not take it back. */
export const level = (about: string, { of, unit, worse = "up" }: Level): Gauge => ({
  kind: "gauge",
  about,
  needs: [],
  of,
  unit,
  worse,
  effect: "hold",
  margin: 0.3,
  tolerate: 0.1,
});

/** A level that the service tells under a name of its own. */
const told = (about: string, unit: Unit, as: "gauge" | "rate" = "gauge"): Gauge => ({
  kind: "gauge",
  about,
  needs: ["series"],
  as,
  unit,
  worse: "up",
  effect: "hold",
  margin: 0.3,
  tolerate: 0.1,
});

const rate = (name: string): MeanOf => ({ from: "rate", name });
const gauge = (name: string): MeanOf => ({ from: "gauge", name });

/** Every preset by its name. */
export const PRESETS = {
  "success-rate": errors("failed", 0.005, "Requests answered with 5xx, or not at all."),
  "client-errors": errors("clientErrors", 0.01, "Requests answered with 4xx."),
  "latency-p50": latency(0.5, "The time within which half of the answers come."),
  "latency-p90": latency(0.9, "The time within which 90 % of the answers come."),
  "latency-p95": latency(0.95, "The time within which 95 % of the answers come."),
  "latency-p99": latency(0.99, "The time within which 99 % of the answers come."),
  "latency-p999": latency(0.999, "The time within which 99.9 % of the answers come."),
  "latency-mean": level("The mean time that answers take.", { of: { from: "latency" }, unit: "ms" }),
  "request-rate": level("Requests per second, in proportion to the share.", {
    of: { from: "requests", which: "all" },
    unit: "1/s",
    worse: "down",
  }),
  throughput: level("Answers without a failure per second, in proportion to the share.", {
    of: { from: "requests", which: "answered" },
    unit: "1/s",
    worse: "down",
  }),
  cpu: level("Processor time per second of a replica's processes.", { of: rate("process.cpu"), unit: "cores" }),
  memory: level("Resident memory of a replica's processes.", { of: gauge("process.memory"), unit: "B" }),
  "memory-leak": {
    kind: "leak",
    about: "Growth of a replica's memory over time.",
    needs: [],
    unit: "B/h",
    effect: "hold",
    margin: 0,
    tolerate: 0,
  },
  threads: level("Threads of a replica's processes.", { of: gauge("process.threads"), unit: "" }),
  "open-files": level("Open files and connections of a replica's processes.", {
    of: gauge("process.files"),
    unit: "",
  }),
  "disk-read": level("Bytes read per second, from disk or what it keeps in memory.", {
    of: rate("process.read"),
    unit: "B/s",
  }),
  "disk-written": level("Bytes written per second, at once or later to disk.", {
    of: rate("process.written"),
    unit: "B/s",
  }),
  network: told("Bytes sent or received per second, by a counter of the service.", "B/s", "rate"),
  saturation: told("How full a pool, a heap or a queue is, by a gauge of the service.", ""),
  "queue-length": told("Length of a queue, by a gauge of the service.", ""),
  availability: {
    ...share("Checks of readiness that failed."),
    needs: [],
    words: ["checks", "failed"],
    gates: false,
    margin: 0.05,
    part: "process.checksFailed",
    whole: "process.checks",
  },
  crashes: {
    kind: "events",
    about: "Replicas that ended by themselves and were started again.",
    needs: [],
    unit: "1/h",
    effect: "rollBack",
    counter: "process.restarts",
    bursts: false,
    per: "time",
    worse: "up",
    margin: 1,
    tolerate: 0.1,
  },
  "log-errors": {
    kind: "events",
    about: "Lines of a replica's log that tell an error.",
    needs: [],
    unit: "1/h",
    effect: "hold",
    counter: "process.logErrors",
    bursts: true,
    per: "time",
    worse: "up",
    margin: 1,
    tolerate: 0.5,
  },
  "cache-hit-rate": {
    ...share("Look-ups that missed the cache: good (hits) or bad (misses), and total."),
    words: ["look-ups", "missed"],
  },
  "database-errors": {
    ...share("Calls of a database that failed: bad or good, and total."),
    words: ["calls", "failed"],
  },
  "downstream-errors": {
    ...share("Calls of another service that failed: bad or good, and total."),
    words: ["calls", "failed"],
  },
  "database-latency": buckets("Time that calls of a database take, by a histogram of the service."),
  "downstream-latency": buckets("Time that calls of another service take, by a histogram of the service."),
  conversion: {
    ...share("Visits that end as they should: good (orders), and total (visits)."),
    words: ["visits", "ended well"],
    worse: "down",
    margin: 0.2,
    tolerate: 0.05,
  },
  "sign-ups": {
    kind: "events",
    about: "Good things that happen per request, by a counter of the service.",
    needs: ["series"],
    unit: "1/request",
    effect: "hold",
    bursts: true,
    per: "requests",
    worse: "down",
    margin: 0.5,
    tolerate: 0.1,
  },
  anomaly: {
    kind: "anomaly",
    about: "A series of the whole service that leaves its usual range.",
    needs: ["series"],
    unit: "",
    effect: "hold",
    margin: 0,
    tolerate: 0,
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof PRESETS;

export const PRESET_NAMES = Object.keys(PRESETS) as readonly PresetName[];

/** Kinds of metrics of one's own, and what they are when nothing else is said. */
export const KINDS = {
  share: share("A share of events, by two counters of the service."),
  histogram: buckets("Values that the service counts in buckets."),
  gauge: told("A level, by a gauge of the service.", ""),
  rate: told("A counter of the service, per second.", "1/s", "rate"),
  mean: told("A sum of the service, divided by a count (total).", ""),
  events: { ...PRESETS["sign-ups"], unit: "1/h", per: "time", worse: "up" },
  growth: PRESETS["memory-leak"],
  anomaly: PRESETS.anomaly,
} as const satisfies Readonly<Record<string, Preset>>;

export type KindName = keyof typeof KINDS;

export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];
