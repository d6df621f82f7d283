// When would Flagger, Argo Rollouts and Kayenta take the candidate back?
import { BUCKETS, countOf, type Histogram, upperBoundUs } from "../../src/core/histogram.ts";
import { highOrLow } from "../../src/core/stats/kayenta/classify.ts";
import type { Look, LookRow } from "../../src/core/stats/plan.ts";
import { tailsOf, wholeTail, withLatencies } from "../../src/core/stats/tails.ts";

/** What one arm did in a minute: NaN without requests. */
export interface Minute {
  readonly errors: number;
  readonly p99Ms: number;
}

/** As Prometheus' histogram_quantile does: evenly spread within the bucket. */
function p99Of(latency: Histogram): number {
  const rank = 0.99 * countOf(latency);
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const count = latency[bucket] ?? 0;
    if (seen + count >= rank && count > 0) {
      const start = bucket === 0 ? 0 : upperBoundUs(bucket - 1);
      return (start + (upperBoundUs(bucket) - start) * ((rank - seen) / count)) / 1_000;
    }
    seen += count;
  }
  return NaN;
}

function minuteOf(rows: readonly LookRow[], latency: boolean): Minute {
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  if (requests === 0) return { errors: NaN, p99Ms: NaN };
  return {
    errors: failed / requests,
    p99Ms: latency ? p99Of(withLatencies({}, rows, wholeTail(tailsOf(rows)))) : 0,
  };
}

const ERRORS_LIMIT = 0.01;
const P99_LIMIT_MS = 500;

/** Flagger takes back on the tick after so many failed checks, Argo at one more than its failure limit. */
const FLAGGER_THRESHOLD = 5;
const ARGO_FAILURE_LIMIT = 3;

/** Kayenta judges all minutes so far, every five minutes. */
const KAYENTA_MINUTES = 5;

export type PeerName = "flagger" | "argo" | "kayenta";
export const PEERS: readonly PeerName[] = ["flagger", "argo", "kayenta"];

/** The peers beside one rollout: each says once that it takes the candidate back. */
export class Peers {
  readonly done = new Set<PeerName>();
  readonly #canary: Minute[] = [];
  readonly #stable: Minute[] = [];
  #rows: LookRow[] = [];
  #sinceMs = 0;
  #failedChecks = 0;
  #argoErrors = 0;
  #argoSlow = 0;
  readonly #latency: boolean;

  constructor(latency: boolean) {
    this.#latency = latency;
  }

  /** Adds a look; returns who takes the candidate back now. */
  see(look: Look): readonly PeerName[] {
    this.#rows.push(...look.rows);
    this.#sinceMs += look.durationMs;
    if (this.#sinceMs < 60_000) return [];
    const canary = minuteOf(
      this.#rows.filter((row) => row.arm === "canary"),
      this.#latency,
    );
    const stable = minuteOf(
      this.#rows.filter((row) => row.arm !== "canary"),
      this.#latency,
    );
    this.#rows = [];
    this.#sinceMs = 0;
    return this.#minute(canary, stable).filter((name) => {
      const first = !this.done.has(name);
      this.done.add(name);
      return first;
    });
  }

  #minute(canary: Minute, stable: Minute): readonly PeerName[] {
    this.#canary.push(canary);
    this.#stable.push(stable);
    const names: PeerName[] = [];
    if (this.#failedChecks >= FLAGGER_THRESHOLD) names.push("flagger");
    const failing = !(canary.errors <= ERRORS_LIMIT);
    const slow = !(canary.p99Ms <= P99_LIMIT_MS);
    if (failing || slow) this.#failedChecks++;
    if (failing) this.#argoErrors++;
    if (slow) this.#argoSlow++;
    if (Math.max(this.#argoErrors, this.#argoSlow) > ARGO_FAILURE_LIMIT) names.push("argo");
    if (this.#canary.length % KAYENTA_MINUTES === 0 && this.#judge()) names.push("kayenta");
    return names;
  }

  /** One High of two metrics is a score of 50, which is no more than the marginal score: terminated. */
  #judge(): boolean {
    const high = (pick: (minute: Minute) => number): boolean =>
      highOrLow(this.#canary.map(pick), this.#stable.map(pick), "increase") === "High";
    return high((minute) => minute.errors) || (this.#latency && high((minute) => minute.p99Ms));
  }
}
