// What do the Envoys count?
import { fromBinary } from "@bufbuild/protobuf";
import { StreamMetricsMessageSchema } from "../protos/envoy/service/metrics/v3/metrics_service_pb.ts";
import { MetricType, type Metric, type MetricFamily } from "../protos/io/prometheus/client/metrics_pb.ts";
import { nodeOf, type EnvoyNode } from "./node.ts";
import type { Receiver } from "./receive.ts";

interface Labelled {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A histogram's counts up to each bound, of what came since the batch before. */
export interface EnvoyHistogram {
  readonly count: number;
  readonly sum: number;
  /** Ascending; the last bound is infinite if Envoy says so. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
}

/** One series at one moment. */
export type EnvoyMetric =
  | (Labelled & { readonly kind: "counter" | "gauge"; readonly value: number })
  | (Labelled & { readonly kind: "histogram"; readonly histogram: EnvoyHistogram });

/** Called with every batch that an Envoy sends: all of its series, or those that changed, as its configuration says; must not throw. */
export type MetricsListener = (node: EnvoyNode, metrics: readonly EnvoyMetric[]) => void;

function histogramOf({ histogram }: Metric): EnvoyHistogram {
  return {
    count: Number(histogram?.sampleCount ?? 0n),
    sum: histogram?.sampleSum ?? 0,
    buckets: (histogram?.bucket ?? []).map(({ upperBound, cumulativeCount }) => ({
      upTo: upperBound,
      count: Number(cumulativeCount),
    })),
  };
}

function metricOf({ name, type }: MetricFamily, metric: Metric): EnvoyMetric | undefined {
  const labels = Object.fromEntries(metric.label.map((label) => [label.name, label.value]));
  switch (type) {
    case MetricType.COUNTER:
      return { kind: "counter", name, labels, value: metric.counter?.value ?? 0 };
    case MetricType.GAUGE:
      return { kind: "gauge", name, labels, value: metric.gauge?.value ?? 0 };
    case MetricType.HISTOGRAM:
      return { kind: "histogram", name, labels, histogram: histogramOf(metric) };
    // The same as the histogram's, in a form that cannot be added up.
    case MetricType.SUMMARY:
    case MetricType.UNTYPED:
    case MetricType.GAUGE_HISTOGRAM:
    default:
      return undefined;
  }
}

/** One stream of metrics. */
export class MetricsStream implements Receiver {
  readonly of = "metrics";
  readonly #listener: MetricsListener;
  #node = nodeOf(undefined);

  constructor(listener: MetricsListener) {
    this.#listener = listener;
  }

  get node(): EnvoyNode {
    return this.#node;
  }

  /** Throws for bytes that are no such message. */
  receive(bytes: Buffer): void {
    const message = fromBinary(StreamMetricsMessageSchema, bytes);
    if (message.identifier) this.#node = nodeOf(message.identifier.node);
    const metrics = message.envoyMetrics.flatMap((family) =>
      family.metric.flatMap((metric) => metricOf(family, metric) ?? []),
    );
    this.#listener(this.#node, metrics);
  }
}
