// How do Flagger's two built-in metrics read as counters?
import { from, type Out } from "../write.ts";
import { percentText } from "../context.ts";
import type { Bound } from "../figure.ts";
import type { Router } from "./traffic.ts";

/** Upper bounds of Istio's buckets, in milliseconds. */
const ISTIO_MS = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1e3, 2500, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 18e5, 36e5];
/** Those of most clients of Prometheus, in seconds. */
const CLIENT_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const HTTP = "http_request_duration_seconds";

/** The share of answers with 5xx. Flagger bounds the share of the others, in percent. */
export function errorsOf(router: Router, source: string, bound: Bound | undefined): Out {
  const max = bound && from(percentText(Math.max(0, 100 - bound.value)), bound.part);
  const name = "request-success-rate";
  if (router === "istio") return { preset: "istio:errors", name, source, max };
  return {
    kind: "share",
    name,
    source,
    bad: `${HTTP}_count{status=~"5.."}`,
    total: `${HTTP}_count`,
    margin: "0.5%",
    max,
  };
}

/**
 * The share of answers that take longer than the bound. The 99th percentile is beyond it when more than 1 % are: what
 * Flagger estimates within a bucket is counted here.
 */
export function slowOf(router: Router, source: string, bound: Bound | undefined): Out {
  const name = "request-duration";
  const isIstio = router === "istio";
  if (!bound) {
    if (isIstio) return { preset: "istio:latency-histogram", name, source };
    return { kind: "histogram", name, source, series: HTTP, unit: "s" };
  }
  const asked = isIstio ? bound.value : bound.value / 1_000;
  const bounds = isIstio ? ISTIO_MS : CLIENT_S;
  const le = bounds.find((one) => one >= asked) ?? bounds.at(-1) ?? asked;
  const unit = isIstio ? "ms" : "s";
  if (le !== asked)
    bound.part.changes(
      `Serin counts by bucket: more than 1% slower than ${le}${unit}, the next bound of a bucket, is too slow`,
    );
  const [series, own] = isIstio ? ["istio_request_duration_milliseconds", 'reporter="destination"'] : [HTTP, ""];
  const good = `${series}_bucket{${own ? `${own},` : ""}le="${le}"}`;
  const total = `${series}_count${own ? `{${own}}` : ""}`;
  return { kind: "share", name, source, good, total, max: from("1%", bound.part) };
}
