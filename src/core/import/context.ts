// What does a conversion need besides the document at hand, and what does it give?
import type { Known } from "./known.ts";
import { plain, type Out } from "./write.ts";

/** What no file says. */
export interface Options {
  /** Address of the Prometheus, where a file leaves it to the program that reads it. */
  readonly prometheus?: string | undefined;
  /** Flagger's provider, where a Canary leaves it to the controller. */
  readonly provider?: string | undefined;
}

/** A document that is written. */
export interface Written {
  /** Of the file: `podinfo.rollout`. */
  readonly name: string;
  /** What it was made of, and what is to be known of it. */
  readonly head: readonly string[];
  readonly tree: Out;
}

export interface Context {
  readonly known: Known;
  readonly options: Options;
  /** Namespace of the document that is converted. */
  readonly namespace: string | undefined;
  readonly write: (document: Written) => void;
}

/** Sources and metrics, as they are collected. */
export interface Analysis {
  readonly sources: Record<string, Out>;
  readonly metrics: Out[];
}

/** The name for a source with this content: the same one for the same content. */
export function sourceNamed(analysis: Analysis, wanted: string, source: Out): string {
  const same = JSON.stringify(plain(source));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    const there = analysis.sources[name];
    if (there === undefined) analysis.sources[name] = source;
    if (there === undefined || JSON.stringify(plain(there)) === same) return name;
  }
}

/** As it is written: without sources that no metric reads. */
export function analysisTree({ sources, metrics }: Analysis): Out {
  if (metrics.length === 0) return { enabled: false };
  const read = new Set(metrics.map((metric) => (plain(metric) as { readonly source?: unknown }).source));
  return { sources: Object.fromEntries(Object.entries(sources).filter(([name]) => read.has(name))), metrics };
}

/** A name that nobody in the list has yet. */
export function unusedName(wanted: string, used: readonly string[]): string {
  let name = wanted;
  for (let number = 2; used.includes(name); number += 1) name = `${wanted} ${number}`;
  return name;
}

/** A secret of a cluster as the controller's environment has it. */
export function secretEnv(secret: string, key: string): { readonly env: string } {
  return { env: `${secret}_${key}`.toUpperCase().replaceAll(/[^A-Z0-9]+/gu, "_") };
}

/** A hook's or receiver's name as Serin writes it. */
export function plainName(name: string): string {
  const allowed = name.replaceAll(/[^A-Za-z0-9 ._-]+/gu, "-").slice(0, 63);
  return allowed.replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/gu, "") || "unnamed";
}

/** A percentage without the noise of floating point. */
export function percentText(value: number): string {
  return `${Number(value.toFixed(4))}%`;
}
