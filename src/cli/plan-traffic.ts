// Which traffic does the user say the service has?
import type { Traffic } from "../core/plan/forecast.ts";
import { readDuration } from "../core/spec/durations.ts";
import { readFraction } from "../core/spec/weights.ts";
import { ms } from "../core/units.ts";

/** What was written on the command line, as it was. */
export interface TrafficOptions {
  readonly traffic?: string | undefined;
  readonly errors?: string | undefined;
  readonly p50?: string | undefined;
  readonly p99?: string | undefined;
  /** Mean number of failures that come together. */
  readonly burst?: string | undefined;
}

/** The traffic, nothing when none is given, or every mistake in what is written. */
export type TrafficRead =
  | { readonly ok: true; readonly traffic: Traffic | undefined }
  | { readonly ok: false; readonly mistakes: readonly string[] };

const PER: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3_600 };
const RATE = /^(\d+(?:\.\d+)?)\/(s|min|m|h)$/u;

/** Errors of a service of which nobody says how often it fails. */
const USUAL_ERRORS = 0.001;

/** Reads `200/s`, `12000/min`; requests per second. */
function readRate(text: string): number | undefined {
  const [, number, unit] = RATE.exec(text.trim()) ?? [];
  const rate = Number(number) / (PER[unit ?? ""] ?? NaN);
  return rate > 0 && rate <= 1e9 ? rate : undefined;
}

/** Reads the options. What was measured fills in for what is not given. */
export function readTraffic(given: TrafficOptions, measured?: Traffic): TrafficRead {
  const mistakes: string[] = [];
  const read = <T>(text: string | undefined, name: string, reader: (text: string) => T | string): T | undefined => {
    const value = text === undefined ? undefined : reader(text);
    if (typeof value !== "string") return value;
    mistakes.push(`--${name}: found ${JSON.stringify(text)}, ${value}`);
    return undefined;
  };
  const perSecond = read(
    given.traffic,
    "traffic",
    (text) => readRate(text) ?? "a rate is written as 200/s or 12000/min",
  );
  const errors = read(given.errors, "errors", (text) => fraction(text));
  const p50 = read(given.p50, "p50", time);
  const p99 = read(given.p99, "p99", time);
  const burst = read(given.burst, "burst", (text) => {
    const value = /^\d+(?:\.\d+)?$/u.test(text) ? Number(text) : NaN;
    return value >= 1 && value <= 1_000 ? value : "a number of failures that come together, from 1 to 1000, such as 3";
  });
  if ((given.p50 === undefined) !== (given.p99 === undefined)) {
    mistakes.push(
      `--${given.p50 === undefined ? "p50" : "p99"} is missing: a latency is given by both, such as --p50 60ms --p99 300ms`,
    );
  } else if (p50 !== undefined && p99 !== undefined && p50 >= p99) {
    mistakes.push(`--p99: found ${given.p99}, it must be more than --p50, ${given.p50}`);
  }
  const rate = perSecond ?? measured?.perSecond;
  const anything = Object.values(given).some((text) => text !== undefined);
  if (rate === undefined && anything && given.traffic === undefined) {
    mistakes.push("--traffic is missing: how many requests does the service get, such as --traffic 200/s");
  }
  if (mistakes.length > 0) return { ok: false, mistakes };
  if (rate === undefined) return { ok: true, traffic: undefined };
  const latency = p50 !== undefined && p99 !== undefined ? { p50Ms: p50, p99Ms: p99 } : measured?.latency;
  return {
    ok: true,
    traffic: {
      ...measured,
      perSecond: rate,
      errors: errors ?? measured?.errors ?? USUAL_ERRORS,
      ...(latency ? { latency } : {}),
      ...(burst === undefined ? {} : { phi: 2 * burst - 1 }),
      source: anything || !measured ? "given" : "measured",
    },
  };
}

function fraction(text: string): number | string {
  const read = readFraction(text, { atLeast: 0, atMost: 50 });
  return read.ok ? read.value : "a share of failing requests is a percentage from 0% to 50%, such as 0.1%";
}

function time(text: string): number | string {
  const read = readDuration(text, { atLeast: ms(1) });
  return read.ok ? read.value : "a latency is written with its unit, such as 60ms or 1.5s";
}
