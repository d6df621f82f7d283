// Which exports are there?
import type { Exporter } from "./exporter.ts";
import { envoy } from "./envoy.ts";
import { grafana } from "./grafana.ts";
import { install } from "./install/install.ts";
import { prometheusRules } from "./prometheus-rules.ts";
import { prometheusScrape } from "./prometheus-scrape.ts";
import { serviceMonitor } from "./service-monitor.ts";

export const EXPORTERS: readonly Exporter[] = [
  envoy,
  grafana,
  install,
  prometheusRules,
  prometheusScrape,
  serviceMonitor,
];
