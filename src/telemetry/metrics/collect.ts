// How do the series of thousands of services get onto one page without holding anything up?
import { setImmediate as turn } from "node:timers/promises";
import type { Registry } from "prom-client";
import { type Ms } from "../../core/units.ts";
import type { Seen } from "../../runtime/controller.ts";
import { FAMILIES } from "./families.ts";
import type { Family } from "./family.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly value: number;
  readonly labels: Labels;
}

/** So many services are read, or lines written, before others get their turn. */
const AT_ONCE = 250;
const LINES_AT_ONCE = 5_000;

/** The whole page, in Prometheus' text format. */
export async function pageOf(registry: Registry, services: readonly Seen[], nowMs: Ms): Promise<string> {
  const samples = FAMILIES.map((): Sample[] => []);
  for (let from = 0; from < services.length; from += AT_ONCE) {
    for (const seen of services.slice(from, from + AT_ONCE)) read(samples, seen, nowMs);
    await turn();
  }
  const parts: string[] = [await registry.metrics()];
  for (const [index, family] of FAMILIES.entries()) await write(parts, family, samples[index] ?? []);
  return parts.join("\n");
}

function read(samples: readonly Sample[][], seen: Seen, nowMs: Ms): void {
  const { service } = seen.state;
  for (const [index, { of }] of FAMILIES.entries()) {
    const found = samples[index];
    // One series that stands there twice, and the whole page is refused.
    let known: Set<string> | undefined;
    const add = (value: number, labels?: Labels): void => {
      if (labels) {
        const key = Object.values(labels).join("\n");
        if (known?.has(key)) return;
        known = (known ?? new Set()).add(key);
      }
      found?.push({ value, labels: labels ? { service, ...labels } : { service } });
    };
    of(seen, add, nowMs);
  }
}

async function write(parts: string[], { name, help, type }: Family, samples: readonly Sample[]): Promise<void> {
  parts.push(`# HELP ${name} ${help}\n# TYPE ${name} ${type}`);
  for (let from = 0; from < samples.length; from += LINES_AT_ONCE) {
    const lines = samples
      .slice(from, from + LINES_AT_ONCE)
      .map(({ value, labels }) => `${name}${labelsOf(labels)} ${value}`);
    parts.push(lines.join("\n"));
    await turn();
  }
  parts.push("");
}

function labelsOf(labels: Labels): string {
  let text = "";
  for (const name in labels) text += `${text === "" ? "{" : ","}${name}="${escaped(labels[name] ?? "")}"`;
  return `${text}}`;
}

function escaped(value: string): string {
  if (!/[\\\n"]/u.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
