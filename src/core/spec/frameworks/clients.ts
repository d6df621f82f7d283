// What do Prometheus' client libraries call what they tell of a process?
import { failed, type Framework, gauge, histogram, mean, rate, refused } from "./shape.ts";

const DURATION = "http_request_duration_seconds";

const PROCESS: Framework["figures"] = {
  cpu: rate("Processor time.", "cores", "process_cpu_seconds_total"),
  memory: gauge("Resident memory.", "B", "process_resident_memory_bytes"),
  "open-files": gauge("Open files and connections.", "", "process_open_fds"),
};

/** As the middlewares for Express and Fastify name them; where they have labels of the path, those pages are left out. */
const NODE_OWN = 'path!~"/(metrics|health).*",route!~"/(metrics|health).*"';

export const NODE: Framework = {
  title: "Node.js (prom-client)",
  path: "/metrics",
  has: ["nodejs_version_info"],
  hides: ["prometheus-client"],
  figures: {
    errors: failed(
      "Requests answered with 5xx.",
      `${DURATION}_count{status_code=~"5..",${NODE_OWN}}`,
      `${DURATION}_count{${NODE_OWN}}`,
    ),
    "client-errors": refused(
      "Requests answered with 4xx.",
      `${DURATION}_count{status_code=~"4..",${NODE_OWN}}`,
      `${DURATION}_count{${NODE_OWN}}`,
    ),
    latency: mean("Mean time that requests take.", "s", [
      `${DURATION}_sum{${NODE_OWN}}`,
      `${DURATION}_count{${NODE_OWN}}`,
    ]),
    "latency-histogram": histogram("Time that requests take.", "s", `${DURATION}{${NODE_OWN}}`),
    ...PROCESS,
    heap: gauge("Heap in use.", "B", "nodejs_heap_size_used_bytes"),
    "event-loop-lag": gauge("Delay of the event loop, 99 %.", "s", "nodejs_eventloop_lag_p99_seconds"),
    "gc-pause": mean("Mean pause for a garbage collection.", "s", [
      "nodejs_gc_duration_seconds_sum",
      "nodejs_gc_duration_seconds_count",
    ]),
    "gc-time": rate("Pauses for garbage collections, per second.", "s/s", "nodejs_gc_duration_seconds_sum"),
    handles: gauge("Open handles: sockets, servers, timers.", "", "nodejs_active_handles_total"),
  },
};

export const GO: Framework = {
  title: "Go (client_golang)",
  path: "/metrics",
  has: ["go_goroutines"],
  hides: ["prometheus-client"],
  figures: {
    errors: failed("Requests answered with 5xx.", 'http_requests_total{code=~"5.."}', "http_requests_total"),
    "client-errors": refused("Requests answered with 4xx.", 'http_requests_total{code=~"4.."}', "http_requests_total"),
    latency: mean("Mean time that requests take.", "s", [`${DURATION}_sum`, `${DURATION}_count`]),
    "latency-histogram": histogram("Time that requests take.", "s", DURATION),
    ...PROCESS,
    heap: gauge("Heap in use.", "B", "go_memstats_heap_inuse_bytes"),
    goroutines: gauge("Goroutines.", "", "go_goroutines"),
    threads: gauge("Threads of the operating system.", "", "go_threads"),
    "gc-pause": mean("Mean pause for a garbage collection.", "s", [
      "go_gc_duration_seconds_sum",
      "go_gc_duration_seconds_count",
    ]),
  },
};

export const PROMETHEUS_CLIENT: Framework = {
  title: "a client library of Prometheus",
  path: "/metrics",
  has: ["process_cpu_seconds_total", "process_resident_memory_bytes"],
  figures: PROCESS,
};
