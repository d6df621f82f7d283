// How long is a time that another program reads?
import { readDuration } from "../spec/durations.ts";
import { duration, ms, type Ms } from "../units.ts";
import type { Part } from "./part.ts";

/** A time as text, or nothing when it is none; then that was said. */
export function timeOf(part: Part<string>): Ms | undefined {
  const read = readDuration(part.value);
  if (read.ok && read.value > 0) return read.value;
  part.none(`found ${part.value}, which Serin cannot read as a time`, "write it as 30s, 5m or 1h30m");
  return undefined;
}

/** So many seconds, as Serin writes them. */
export function seconds(value: number): string {
  return duration(ms(value * 1_000));
}

/** A time several times. */
export function times(time: Ms, count: number): string {
  return duration(ms(time * count));
}
