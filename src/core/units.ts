// In which units does Serin count, and who may make them?

declare const unit: unique symbol;

/** Milliseconds: a length of time, or a moment counted from the Unix epoch. */
export type Ms = number & { readonly [unit]: "ms" };

/** A share of the traffic in parts per million, an integer from 0 to 1 000 000. */
export type Weight = number & { readonly [unit]: "ppm" };

/** All of the traffic. */
export const WHOLE = 1_000_000 as Weight;

/** None of the traffic. */
export const NOTHING = 0 as Weight;

/** Makes milliseconds of a finite number; fractions are rounded. Throws a RangeError for anything else. */
export function ms(value: number): Ms {
  if (!Number.isFinite(value)) throw new RangeError(`not a number of milliseconds: ${value}`);
  return Math.round(value) as Ms;
}

/** Makes a weight of a number of parts per million. Throws a RangeError outside 0…1 000 000. */
export function weight(ppm: number): Weight {
  if (!Number.isInteger(ppm) || ppm < 0 || ppm > WHOLE) {
    throw new RangeError(`not a weight in parts per million: ${ppm}`);
  }
  return ppm as Weight;
}

/** A weight from a fraction of one, rounded to the nearest millionth. */
export function weightOf(fraction: number): Weight {
  return weight(Math.round(fraction * WHOLE));
}

/** A weight as people write it: `10%`, `0.1%`. */
export function percent(value: Weight): string {
  return `${Number((value / 10_000).toFixed(4))}%`;
}

const UNITS: readonly (readonly [name: string, size: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** A duration as people write it: `90s`, `1m 30s`, `2h`, `250ms`. At most two units, the rest is rounded away. */
export function duration(value: Ms): string {
  if (value < 1_000) return `${Math.max(0, Math.round(value))}ms`;
  if (value < 10_000) return `${Number((value / 1_000).toFixed(1))}s`;
  const first = UNITS.findIndex(([, size]) => value >= size);
  const [name, size] = UNITS[first] ?? ["s", 1_000];
  const next = UNITS[first + 1];
  if (!next) return `${Math.round(value / size)}${name}`;
  const rounded = Math.round(value / next[1]) * next[1];
  const rest = (rounded % size) / next[1];
  const whole = `${Math.floor(rounded / size)}${name}`;
  return rest === 0 ? whole : `${whole} ${rest}${next[0]}`;
}
