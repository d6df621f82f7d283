// What do the metrics pages of Java's frameworks call what they tell?
import { share } from "../presets.ts";
import { events, failed, type Framework, gauge, histogram, mean, rate, refused } from "./shape.ts";

const REQUESTS = "http_server_requests_seconds";
const AS_BUCKETS = "It needs buckets, which are off until they are asked for";

/** What Micrometer counts of requests. `own` are the conditions that leave out the pages that are no work. */
const micrometerRequests = (own: string, buckets: string): Framework["figures"] => {
  const [count, sum] = [`${REQUESTS}_count{${own}}`, `${REQUESTS}_sum{${own}}`];
  return {
    errors: failed("Requests answered with 5xx.", `${REQUESTS}_count{status=~"5..",${own}}`, count),
    "client-errors": refused("Requests answered with 4xx.", `${REQUESTS}_count{status=~"4..",${own}}`, count),
    latency: mean("Mean time that requests take.", "s", [sum, count]),
    "latency-histogram": histogram(`Time that requests take. ${AS_BUCKETS}: ${buckets}.`, "s", `${REQUESTS}{${own}}`),
  };
};

/** What Micrometer tells of the JVM and its process. */
const MICROMETER_JVM: Framework["figures"] = {
  cpu: rate("Processor time of the JVM.", "ns/s", "process_cpu_time_ns_total"),
  heap: gauge("Heap in use.", "B", 'jvm_memory_used_bytes{area="heap"}'),
  threads: gauge("Live threads.", "", "jvm_threads_live_threads"),
  "gc-pause": mean("Mean pause for a garbage collection.", "s", [
    "jvm_gc_pause_seconds_sum",
    "jvm_gc_pause_seconds_count",
  ]),
  "gc-time": rate("Pauses for garbage collections, per second.", "s/s", "jvm_gc_pause_seconds_sum"),
  "open-files": gauge("Open files and connections.", "", "process_files_open_files"),
};

const AFTER_GC = gauge(
  "Part of the heap that is in use after a garbage collection.",
  "",
  'jvm_memory_usage_after_gc{area="heap"}',
);
const LOGGED = events("Lines that were logged as errors.", 'logback_events_total{level="error"}');

/** Of all caches; of one by its label. */
const CACHE: Framework["figures"] = {
  "cache-misses": {
    ...share("Look-ups that missed a cache."),
    needs: [],
    words: ["look-ups", "missed"],
    part: 'cache_gets_total{result="miss"}',
    whole: "cache_gets_total",
  },
};

const HIKARI: Framework["figures"] = {
  "connection-pool": gauge("Connections of HikariCP's pools in use.", "", "hikaricp_connections_active"),
  "connection-pool-waiting": gauge(
    "Threads that wait for a connection of HikariCP.",
    "",
    "hikaricp_connections_pending",
  ),
  "connection-pool-timeouts": events(
    "Waits for a connection of HikariCP that were given up.",
    "hikaricp_connections_timeout_total",
  ),
  "connection-pool-wait": mean("Mean time to get a connection of HikariCP.", "s", [
    "hikaricp_connections_acquire_seconds_sum",
    "hikaricp_connections_acquire_seconds_count",
  ]),
};

const agroal = (prefix: string): Framework["figures"] => ({
  "connection-pool": gauge("Connections of Agroal's pools in use.", "", `${prefix}agroal_active_count`),
  "connection-pool-waiting": gauge(
    "Threads that wait for a connection of Agroal.",
    "",
    `${prefix}agroal_awaiting_count`,
  ),
});

export const SPRING_BOOT: Framework = {
  title: "Spring Boot (Actuator)",
  path: "/actuator/prometheus",
  has: ["application_started_time_seconds", "jvm_threads_live_threads"],
  figures: {
    ...micrometerRequests(
      'uri!~"/actuator.*"',
      "management.metrics.distribution.percentiles-histogram.http.server.requests: true",
    ),
    ...MICROMETER_JVM,
    "heap-after-gc": AFTER_GC,
    "log-errors": LOGGED,
    ...CACHE,
    ...HIKARI,
  },
};

export const QUARKUS: Framework = {
  title: "Quarkus (Micrometer)",
  path: "/q/metrics",
  has: ["jvm_threads_live_threads", "worker_pool_active"],
  lacks: ["application_started_time_seconds"],
  figures: {
    ...micrometerRequests('uri!~"/q/.*"', "a MeterFilter with percentilesHistogram(true) for http.server.requests"),
    ...MICROMETER_JVM,
    "heap-after-gc": AFTER_GC,
    "queue-length": gauge("Tasks that wait for a worker thread.", "", "worker_pool_queue_size"),
    ...CACHE,
    ...agroal(""),
  },
};

const REST = "base_REST_request";

export const QUARKUS_SMALLRYE: Framework = {
  title: "Quarkus (SmallRye Metrics, MicroProfile)",
  path: "/q/metrics",
  has: ["base_memory_usedHeap_bytes"],
  figures: {
    errors: failed(
      "Requests that ended with an exception that nothing maps.",
      `${REST}_unmappedException_total`,
      `${REST}_total`,
    ),
    latency: mean("Mean time that requests take.", "s", [`${REST}_elapsedTime_seconds`, `${REST}_total`]),
    cpu: rate("Processor time of the JVM.", "cores", "vendor_cpu_processCpuTime_seconds"),
    heap: gauge("Heap in use.", "B", "base_memory_usedHeap_bytes"),
    threads: gauge("Live threads.", "", "base_thread_count"),
    "gc-pause": mean("Mean time of a garbage collection.", "s", ["base_gc_time_total_seconds", "base_gc_total"]),
    "gc-time": rate("Time of garbage collections, per second.", "s/s", "base_gc_time_total_seconds"),
    ...agroal("vendor_"),
  },
};

export const MICRONAUT: Framework = {
  title: "Micronaut (Micrometer)",
  path: "/prometheus",
  has: ["jvm_threads_live_threads", 'executor_pool_size_threads{name=~"io|blocking"}'],
  lacks: ["application_started_time_seconds", "worker_pool_active"],
  figures: {
    ...micrometerRequests(
      'uri!~"/(prometheus|metrics|health).*"',
      "micronaut.metrics.binders.web.server.histogram: true",
    ),
    ...MICROMETER_JVM,
    "log-errors": LOGGED,
    "queue-length": gauge("Tasks that wait for a thread.", "", "executor_queued_tasks"),
    ...CACHE,
    ...HIKARI,
  },
};

export const JVM: Framework = {
  title: "the JVM (Prometheus' client_java, JMX exporter)",
  path: "/metrics",
  has: ["jvm_threads_current", "jvm_memory_used_bytes"],
  hides: ["prometheus-client"],
  figures: {
    cpu: rate("Processor time of the JVM.", "cores", "process_cpu_seconds_total"),
    memory: gauge("Resident memory.", "B", "process_resident_memory_bytes"),
    heap: gauge("Heap in use.", "B", 'jvm_memory_used_bytes{area="heap"}'),
    threads: gauge("Live threads.", "", "jvm_threads_current"),
    "gc-pause": mean("Mean time of a garbage collection.", "s", [
      "jvm_gc_collection_seconds_sum",
      "jvm_gc_collection_seconds_count",
    ]),
    "gc-time": rate("Time of garbage collections, per second.", "s/s", "jvm_gc_collection_seconds_sum"),
    "open-files": gauge("Open files and connections.", "", "process_open_fds"),
  },
};
