// How do the series of thousands of services get onto one page without holding anything up?
import { setImmediate as turn } from "node:timers/promises";
import type { Registry } from "prom-client";
import { type Ms } from "../../core/units.ts";
import type { Seen } from "../../runtime/controller.ts";
import { FAMILIES } from "./families.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly value: number;
  readonly labels: Labels;
}

/** So long at the most nothing else gets its turn; it is looked at after so many lines. */
const TURN_MS = 5;
const LINES_AT_ONCE = 250;

/** Lets others have their turn when it is time for that. */
class Turns {
  #sinceMs = performance.now();

  async pause(): Promise<void> {
    if (performance.now() - this.#sinceMs < TURN_MS) return;
    await turn();
    this.#sinceMs = performance.now();
  }
}

/** The whole page, in Prometheus' text format, piece by piece. */
export async function pageOf(registry: Registry, services: Iterable<Seen>, nowMs: Ms): Promise<readonly string[]> {
  const turns = new Turns();
  const samples = FAMILIES.map((): Sample[] => []);
  for (const seen of services) {
    read(samples, seen, nowMs);
    await turns.pause();
  }
  const parts: string[] = [await registry.metrics()];
  for (const [index, family] of FAMILIES.entries()) {
    const { name, help, type } = family;
    parts.push(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    await write(parts, { name, samples: samples[index] ?? [], turns });
  }
  return parts;
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

interface Written {
  readonly name: string;
  readonly samples: readonly Sample[];
  readonly turns: Turns;
}

async function write(parts: string[], { name, samples, turns }: Written): Promise<void> {
  for (let from = 0; from < samples.length; from += LINES_AT_ONCE) {
    let text = "";
    for (const { value, labels } of samples.slice(from, from + LINES_AT_ONCE))
      text += `${name}${labelsOf(labels)} ${value}\n`;
    parts.push(text);
    await turns.pause();
  }
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
