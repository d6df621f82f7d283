// Which pods does a Prometheus scrape, where it cannot ask the API server itself?
import { renameSync, writeFileSync } from "node:fs";
import type { Pod } from "../objects.ts";

interface Scraped {
  readonly pod: Pod;
  readonly podIP: string;
}

const SCRAPE = "prometheus.io/scrape";
const PORT = "prometheus.io/port";
const PATH = "prometheus.io/path";

const labelName = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]/gu, "_");

function targetOf({ pod: { metadata }, podIP }: Scraped): object {
  const { annotations = {}, labels = {} } = metadata;
  const own = Object.entries(labels).map(([name, value]) => [labelName(name), value]);
  return {
    targets: [`${podIP}:${annotations[PORT] ?? "8080"}`],
    labels: {
      ...Object.fromEntries(own),
      __metrics_path__: annotations[PATH] ?? "/metrics",
      namespace: metadata.namespace,
      pod: metadata.name,
    },
  };
}

/** Keeps a file for `file_sd_configs` of the pods that are annotated so. */
export class Targets {
  readonly #file: string;
  #written = "";

  constructor(file: string) {
    this.#file = file;
  }

  write(pods: readonly Scraped[]): void {
    const wanted = pods.filter(({ pod }) => pod.metadata.annotations?.[SCRAPE] === "true");
    const text = JSON.stringify(wanted.map(targetOf));
    if (text === this.#written) return;
    // Renamed, so that nobody reads half of it.
    writeFileSync(`${this.#file}.new`, text);
    renameSync(`${this.#file}.new`, this.#file);
    this.#written = text;
  }
}
