// Which metrics does a page have that are worth comparing, and why are others left out?
import type { Page } from "../exposition/parse.ts";
import { readPage } from "../exposition/read.ts";
import { readSelector } from "../exposition/selector.ts";
import { signalsOf } from "../plan/metric-signals.ts";
import type { Reading, SignalWanted } from "../signals.ts";
import { FRAMEWORKS, type FrameworkName, type FrameworkPreset } from "../spec/frameworks/catalogue.ts";
import type { Framework } from "../spec/frameworks/shape.ts";
import { MetricSchema, type MetricSpec } from "../spec/metrics.ts";
import { amount } from "../stats/figures.ts";
import { type OwnMetric, ownMetrics } from "./own.ts";
import { type Hidden, type Recognised, recognise } from "./recognise.ts";

/** A preset that the page has everything for. */
interface Finding {
  readonly preset: FrameworkPreset;
  readonly about: string;
  /** What it is made of stands there now, in words. */
  readonly now: string;
}

/** What is not proposed. */
interface LeftOut {
  readonly what: string;
  readonly why: string;
}

/** What a page tells, and what is made of it. */
export interface Proposal {
  readonly frameworks: readonly Recognised[];
  readonly hidden: readonly Hidden[];
  readonly metrics: readonly Finding[];
  readonly leftOut: readonly LeftOut[];
  /** What the service itself tells besides: only a person knows in which direction it is worse. */
  readonly own: readonly OwnMetric[];
  /** Whether the page tells when its process was started. */
  readonly start: boolean;
  readonly counted: { readonly metrics: number; readonly series: number };
}

/** Figures that another one says better where both are there. */
const BETTER: Readonly<Record<string, string>> = {
  latency: "latency-histogram",
  "gc-pause": "gc-time",
  "connection-pool": "connection-pool-waiting",
};

/** Reads everything that a page has for the frameworks that it was recognised by. */
export function propose(page: Page): Proposal {
  const { frameworks, hidden } = recognise(page);
  const parts = frameworks.map(({ name }) => figuresOf(page, name));
  return {
    frameworks,
    hidden,
    metrics: parts.flatMap(({ metrics }) => metrics),
    leftOut: parts.flatMap(({ leftOut }) => leftOut),
    own: ownMetrics(page),
    start: page.samples.has("process_start_time_seconds"),
    counted: { metrics: page.samples.size, series: [...page.samples.values()].flat().length },
  };
}

interface Part {
  readonly metrics: readonly Finding[];
  readonly leftOut: readonly LeftOut[];
}

function figuresOf(page: Page, name: FrameworkName): Part {
  const { figures }: Framework = FRAMEWORKS[name];
  const read = Object.entries(figures).map(([figure, { about }]) => {
    const preset: FrameworkPreset = `${name}:${figure}`;
    return { figure, preset, about, found: nowOf(page, MetricSchema.parse({ preset })) };
  });
  const there = new Set(read.filter(({ found }) => found.now !== undefined).map(({ figure }) => figure));
  const metrics: Finding[] = [];
  const leftOut: LeftOut[] = [];
  for (const { figure, preset, about, found } of read) {
    const { now, why } = found;
    const better = BETTER[figure];
    const [what = "", ...hints] = about.split(/(?<=\.) /u);
    if (now === undefined) leftOut.push({ what: preset, why: [why, ...hints].join(". ") });
    else if (better !== undefined && there.has(better))
      leftOut.push({ what: preset, why: `${name}:${better} says more; both can be asked for` });
    else metrics.push({ preset, about: what, now });
  }
  return { metrics, leftOut };
}

/** What a metric is made of as it stands on a page, or why it cannot be read there. */
function nowOf(page: Page, metric: MetricSpec): { readonly now?: string; readonly why?: string } {
  const values: Reading[] = [];
  for (const wanted of signalsOf(metric)) {
    const found = readOf(page, wanted);
    if (!found.ok) return { why: found.why };
    values.push(found.reading);
  }
  return { now: text(metric, values) };
}

function readOf(page: Page, { name, kind }: SignalWanted): ReturnType<typeof readPage> {
  const read = readSelector(name);
  return read.ok ? readPage(page, read.selector, kind) : { ok: false, why: read.why };
}

const numberOf = (reading: Reading | undefined): number =>
  reading === undefined || reading.kind === "histogram" ? 0 : reading.value;

function text(metric: MetricSpec, values: readonly Reading[]): string {
  const [first, second] = values;
  if (first?.kind === "histogram") {
    const count = first.counts.reduce((sum, one) => sum + one, 0);
    return `${count} values in ${first.counts.length} buckets`;
  }
  const unit = "unit" in metric ? metric.unit : "";
  if (metric.kind === "ratio") {
    const part = metric.rest ? numberOf(second) - numberOf(first) : numberOf(first);
    return `${part} of ${numberOf(second)}`;
  }
  if (metric.kind === "gauge" && metric.of.from === "mean") {
    const count = numberOf(second);
    return count > 0 ? `${measured(numberOf(first) / count, unit)}, of ${count}` : "none yet";
  }
  // Processor time per second is counted in cores.
  if (metric.kind === "gauge" && metric.of.from === "rate")
    return `${measured(numberOf(first), unit === "cores" ? "s" : unit.replace(/\/s$/u, ""))} since its start`;
  return metric.kind === "events" ? `${numberOf(first)} since its start` : measured(numberOf(first), unit);
}

function measured(value: number, unit: string): string {
  return unit === "B" ? amount(value, unit) : `${Number(value.toPrecision(3))}${unit && ` ${unit}`}`;
}
