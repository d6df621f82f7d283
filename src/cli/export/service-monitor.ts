// Which objects does the Prometheus Operator need to watch Serin?
import type { Command } from "commander";
import type { Exporter } from "./exporter.ts";
import { JOB } from "./prometheus-scrape.ts";
import { rulesFor } from "./prometheus-rules.ts";

interface Options {
  readonly namespace: string;
  readonly service: string;
  readonly port: string;
}

/** By this label the Service is found, and after its value the job is named. */
const NAME = "app.kubernetes.io/name";

export const serviceMonitor: Exporter<Options> = {
  name: "service-monitor",
  description: "a ServiceMonitor, a PrometheusRule and a ScrapeConfig for the Prometheus Operator",
  options: (command: Command) =>
    command
      .option("--namespace <name>", "where Serin runs", "serin")
      .option("--service <name>", "the Service in front of the controller's metrics", "serin")
      .option("--port <number>", "the port of that Service", "9464"),
  make: ({ atHand, options: { namespace, service, port } }) => {
    const metadata = (name: string) => ({ name, namespace, labels: { [NAME]: JOB } });
    return {
      as: "yaml",
      about: [
        `The Service ${service} in ${namespace} has the label ${NAME}: ${JOB} and the port ${port}, named metrics.`,
        "A ScrapeConfig needs version 0.65 of the operator or a later one.",
      ],
      documents: [
        {
          apiVersion: "monitoring.coreos.com/v1",
          kind: "ServiceMonitor",
          metadata: metadata("serin"),
          spec: {
            jobLabel: NAME,
            selector: { matchLabels: { [NAME]: JOB } },
            namespaceSelector: { matchNames: [namespace] },
            endpoints: [{ port: "metrics", path: "/metrics", interval: "15s" }],
          },
        },
        {
          apiVersion: "monitoring.coreos.com/v1",
          kind: "PrometheusRule",
          metadata: metadata("serin"),
          spec: rulesFor(atHand),
        },
        {
          apiVersion: "monitoring.coreos.com/v1alpha1",
          kind: "ScrapeConfig",
          metadata: metadata("serin-replicas"),
          spec: {
            scrapeInterval: "5s",
            httpSDConfigs: [{ url: `http://${service}.${namespace}.svc:${port}/targets`, refreshInterval: "5s" }],
          },
        },
      ],
    };
  },
};
