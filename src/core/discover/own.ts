// What does a service tell that no library tells for it?
import type { MetricType, Page } from "../exposition/parse.ts";

/** A metric of the service's own, as a rollout file would name it. */
export interface OwnMetric {
  readonly kind: "rate" | "gauge" | "histogram" | "mean";
  readonly name: string;
  readonly series: string;
  /** For a mean: how often was measured. */
  readonly total?: string;
  readonly help: string;
}

/** Names that libraries give: of runtimes, servers, pools, loggers and exporters. MicroProfile's `application` is none. */
const LIBRARIES =
  /^(?:agroal|application_(?:ready|started)|base|cache|disk|envoy|executor|go|hikaricp|http|istio|jdbc|jetty|jvm|log4j2|logback|micronaut|netty|nginx|nginxexporter|nodejs|process|prometheus|promhttp|python|scrape|spring|system|target|tasks|tomcat|up|vendor|wasm|worker)(?:_|$)/u;

const KINDS: Readonly<Partial<Record<MetricType, OwnMetric["kind"]>>> = {
  counter: "rate",
  gauge: "gauge",
  histogram: "histogram",
  summary: "mean",
};

/** Every metric with a type that can be compared and values on the page, but for those that libraries bring. */
export function ownMetrics(page: Page): readonly OwnMetric[] {
  const found = [...page.families].flatMap(([family, { type, help = "" }]): OwnMetric[] => {
    const kind = KINDS[type];
    if (kind === undefined || LIBRARIES.test(family)) return [];
    const named = { kind, name: family.replace(/_total$/u, "").replaceAll("_", " "), help };
    const total = `${family}_count`;
    if (kind === "mean") return page.samples.has(total) ? [{ ...named, series: `${family}_sum`, total }] : [];
    if (kind === "histogram") return page.samples.has(`${family}_bucket`) ? [{ ...named, series: family }] : [];
    const series = kind === "rate" && page.samples.has(`${family}_total`) ? `${family}_total` : family;
    return page.samples.has(series) ? [{ ...named, series: selectorOf(series) }] : [];
  });
  return found.toSorted((a, b) => (a.series < b.series ? -1 : 1));
}

/** A name that no selector begins with stands in quotes. */
function selectorOf(name: string): string {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/u.test(name) ? name : `{${JSON.stringify(name)}}`;
}
