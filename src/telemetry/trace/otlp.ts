// How do spans get to an OpenTelemetry collector?
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Tracer,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace";
import { spanIdOf, traceIdOf } from "./ids.ts";
import type { EndedSpan } from "./life.ts";

export interface OtlpOptions {
  /** Where spans are sent, whole; nothing to take it from the environment. */
  readonly url?: string | undefined;
  readonly version: string;
  /** Told when spans could not be sent, and when they can be again. */
  readonly onTrouble: (why: string | undefined) => void;
}

/** Takes spans that have ended; sends them in batches. */
export interface Spans {
  add(spans: readonly EndedSpan[]): void;
  /** Sends what is left, and ends. */
  close(): Promise<void>;
}

/** A batch may take so long, tried again and again; the controller's end waits for the last one. */
const LIMIT_MS = 3_000;
/** A crash loses at most the spans of this long. */
const EVERY_MS = 1_000;

export function openSpans({ url, version, onTrouble }: OtlpOptions): Spans {
  const exporter = told(
    new OTLPTraceExporter({ timeoutMillis: LIMIT_MS, ...(url === undefined ? {} : { url }) }),
    onTrouble,
  );
  // Their ids are their own: the generator is asked within `startSpan`, which is synchronous.
  const next = { traceId: "", spanId: "" };
  const own = resourceFromAttributes({ "service.name": "serin", "service.version": version });
  const provider = new TracerProvider({
    resource: own.merge(detectResources({ detectors: [envDetector] })),
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId },
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: EVERY_MS })],
  });
  const tracer = provider.getTracer("serin", version);
  return {
    add: (spans) => {
      for (const span of spans) {
        next.traceId = traceIdOf(span.rollout);
        next.spanId = spanIdOf(span.rollout, span.key);
        tell(tracer, span);
      }
    },
    // Why the last ones could not be sent has been told.
    close: () => provider.shutdown().catch(() => undefined),
  };
}

function tell(tracer: Tracer, { name, startMs, endMs, attributes, events, failed, ...place }: EndedSpan): void {
  const options = { kind: SpanKind.INTERNAL, startTime: new Date(startMs), attributes: copied(attributes) };
  const span = tracer.startSpan(name, options, within(place));
  for (const event of events) span.addEvent(event.name, copied(event.attributes), new Date(event.atMs));
  if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failed });
  span.end(new Date(endMs));
}

function copied(attributes: EndedSpan["attributes"]): Record<string, string | number | boolean | string[]> {
  const entries = Object.entries(attributes);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "object" ? [...value] : value] as const),
  );
}

function within({ rollout, parent }: Pick<EndedSpan, "rollout" | "parent">): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const spanId = spanIdOf(rollout, parent);
  const traceFlags = TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: traceIdOf(rollout), spanId, traceFlags, isRemote: true });
}

/** The SDK drops what it cannot send without a word. */
function told(exporter: SpanExporter, onTrouble: OtlpOptions["onTrouble"]): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { error } = result;
        onTrouble(
          error && `${spans.length} ${spans.length === 1 ? "span" : "spans"} could not be sent: ${error.message}`,
        );
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush && { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}
