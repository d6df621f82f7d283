// What do the metrics pages of proxies and web servers call what they tell?
import { share } from "../presets.ts";
import { events, failed, type Framework, gauge, histogram, mean, rate, refused } from "./shape.ts";

/** Envoy's own page is asked through its admin listener, which counts too. */
const DOWN = 'envoy_http_conn_manager_prefix!="admin"';

const envoyShares = (name: string, own: string, total: string): Framework["figures"] => ({
  errors: failed("Requests answered with 5xx.", `${name}{envoy_response_code_class="5"${own}}`, total),
  "client-errors": refused("Requests answered with 4xx.", `${name}{envoy_response_code_class="4"${own}}`, total),
});

const upstream = envoyShares("envoy_cluster_upstream_rq_xx", "", "envoy_cluster_upstream_rq_completed");

export const ENVOY: Framework = {
  title: "Envoy",
  path: "/stats/prometheus",
  has: ["envoy_server_live"],
  figures: {
    ...envoyShares("envoy_http_downstream_rq_xx", `,${DOWN}`, `envoy_http_downstream_rq_completed{${DOWN}}`),
    latency: mean("Mean time that requests take.", "ms", [
      `envoy_http_downstream_rq_time_sum{${DOWN}}`,
      `envoy_http_downstream_rq_time_count{${DOWN}}`,
    ]),
    "latency-histogram": histogram("Time that requests take.", "ms", `envoy_http_downstream_rq_time{${DOWN}}`),
    ...(upstream["errors"] && { "upstream-errors": { ...upstream["errors"], about: "Answers of clusters with 5xx." } }),
    "upstream-latency": histogram("Time that clusters take to answer.", "ms", "envoy_cluster_upstream_rq_time"),
    "upstream-timeouts": events("Requests that a cluster did not answer in time.", "envoy_cluster_upstream_rq_timeout"),
    "upstream-overflow": events(
      "Requests that a circuit breaker kept off.",
      "envoy_cluster_upstream_rq_pending_overflow",
    ),
    "connect-failures": events("Connections to a cluster that failed.", "envoy_cluster_upstream_cx_connect_fail"),
    retries: events("Requests that were tried again.", "envoy_cluster_upstream_rq_retry"),
    memory: gauge("Memory in use.", "B", "envoy_server_memory_allocated"),
    connections: gauge("Open connections.", "", "envoy_server_total_connections"),
  },
};

/** As the proxy beside the service counts; that of its callers counts the same requests. */
const ISTIO_OWN = 'reporter="destination"';
const ISTIO_TIME = "istio_request_duration_milliseconds";

export const ISTIO: Framework = {
  title: "Istio (standard metrics of a sidecar)",
  path: "/stats/prometheus",
  has: ["istio_requests_total"],
  figures: {
    errors: failed(
      "Requests answered with 5xx, also by the proxy for a service that did not answer.",
      `istio_requests_total{${ISTIO_OWN},response_code=~"5.."}`,
      `istio_requests_total{${ISTIO_OWN}}`,
    ),
    "client-errors": refused(
      "Requests answered with 4xx.",
      `istio_requests_total{${ISTIO_OWN},response_code=~"4.."}`,
      `istio_requests_total{${ISTIO_OWN}}`,
    ),
    latency: mean("Mean time that requests take.", "ms", [
      `${ISTIO_TIME}_sum{${ISTIO_OWN}}`,
      `${ISTIO_TIME}_count{${ISTIO_OWN}}`,
    ]),
    "latency-histogram": histogram("Time that requests take.", "ms", `${ISTIO_TIME}{${ISTIO_OWN}}`),
  },
};

export const NGINX: Framework = {
  title: "NGINX (nginx-prometheus-exporter)",
  path: "/metrics",
  has: ["nginx_connections_active", "nginx_http_requests_total"],
  // What the page tells of a process is about the exporter.
  hides: ["go", "prometheus-client"],
  figures: {
    "dropped-connections": {
      ...share("Connections that were accepted and not handled."),
      needs: [],
      words: ["connections", "were dropped"],
      part: "nginx_connections_handled",
      whole: "nginx_connections_accepted",
      rest: true,
    },
    connections: gauge("Open connections.", "", "nginx_connections_active"),
    "connections-writing": gauge("Connections that are being answered.", "", "nginx_connections_writing"),
  },
};

const INGRESS = "nginx_ingress_controller_request_duration_seconds";

export const INGRESS_NGINX: Framework = {
  title: "ingress-nginx",
  path: "/metrics",
  has: ["nginx_ingress_controller_nginx_process_connections"],
  hides: ["go", "prometheus-client"],
  figures: {
    errors: failed(
      "Requests answered with 5xx.",
      'nginx_ingress_controller_requests{status=~"5.."}',
      "nginx_ingress_controller_requests",
    ),
    "client-errors": refused(
      "Requests answered with 4xx.",
      'nginx_ingress_controller_requests{status=~"4.."}',
      "nginx_ingress_controller_requests",
    ),
    latency: mean("Mean time that requests take.", "s", [`${INGRESS}_sum`, `${INGRESS}_count`]),
    "latency-histogram": histogram("Time that requests take.", "s", INGRESS),
    cpu: rate("Processor time of NGINX.", "cores", "nginx_ingress_controller_nginx_process_cpu_seconds_total"),
    memory: gauge("Resident memory of NGINX.", "B", "nginx_ingress_controller_nginx_process_resident_memory_bytes"),
    connections: gauge("Open connections.", "", 'nginx_ingress_controller_nginx_process_connections{state="active"}'),
  },
};
