// How does Prometheus find Serin, and the replicas that Serin runs?
import type { Command } from "commander";
import { SerinError } from "../../core/issues.ts";
import { readListen } from "../../core/spec/listen.ts";
import type { AtHand } from "./at-hand.ts";
import type { Exporter } from "./exporter.ts";

/** The job of Serin itself: alerts ask for it by this name. */
export const JOB = "serin";

interface Options {
  readonly metrics?: string | undefined;
}

/** Host and port of the metrics: as it is typed, or of the controller that runs, or the usual one. */
function addressOf({ metrics }: Options, { metricsUrl }: AtHand): string {
  if (metrics === undefined) return metricsUrl === undefined ? "127.0.0.1:9464" : new URL(metricsUrl).host;
  const listen = readListen(metrics);
  if (listen.ok) return metrics.includes(":") ? metrics : `127.0.0.1:${metrics}`;
  throw new SerinError({
    code: "SERIN_BAD_OPTION",
    what: `--metrics ${metrics} is no address`,
    found: listen.message,
    now: "nothing was exported",
    next: "name where serin serve has its metrics, such as --metrics 127.0.0.1:9464",
    exitCode: 2,
  });
}

export const prometheusScrape: Exporter<Options> = {
  name: "prometheus-scrape",
  description: "the part of prometheus.yml that scrapes Serin and every replica with a metrics page",
  options: (command: Command) =>
    command.option("--metrics <host:port>", "where Serin serves its metrics (default: as the controller that runs)"),
  make: ({ atHand, options }) => {
    const address = addressOf(options, atHand);
    return {
      as: "yaml",
      about: [`Serin itself, and the replicas of its services; needs serin serve --metrics ${address}`],
      documents: [
        {
          scrape_configs: [
            { job_name: JOB, scrape_interval: "15s", static_configs: [{ targets: [address] }] },
            {
              job_name: "serin-replicas",
              scrape_interval: "5s",
              http_sd_configs: [{ url: `http://${address}/targets`, refresh_interval: "5s" }],
            },
          ],
        },
      ],
    };
  },
};
