// How are figures written for people?

/** Digits in groups of three: `3 708`. */
export function count(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/gu, " ");
}

/** Two significant digits, more only before the decimal point: `3.1`, `0.10`, `12`, `0`. */
function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 9.95 ? 0 : size >= 0.995 ? 1 : Math.min(4, 1 - Math.floor(Math.log10(size) + 0.0022));
  return value.toFixed(digits);
}

/** A share as a percentage. Only all is `100%`, only none is `0%`. */
export function share(value: number): string {
  if (value > 0.995 && value < 1) return "over 99%";
  if (value > 0 && value < 1e-6) return "under 0.0001%";
  return `${short(value * 100)}%`;
}

/** A difference of shares, in percentage points, with its sign: `+2.0`. */
export function points(value: number): string {
  const text = short(value * 100);
  return value > 0 ? `+${text}` : text.replace("-", "−");
}

/** How sure, rounded down: never more than is true. */
export function sureness(value: number): string {
  if (value >= 0.999) return "over 99.9%";
  return `${Math.floor(value * 1_000) / 10}%`;
}

/** Milliseconds of a latency: `412 ms`, `3.1 ms`. */
export function latency(value: number): string {
  return Number.isFinite(value) ? `${value >= 995 ? count(value) : short(value)} ms` : "over 134 s";
}

/** `99th percentile`, `99.9th percentile`, `median`. */
export function percentile(quantile: number): string {
  if (quantile === 0.5) return "median";
  const number = Number((quantile * 100).toFixed(4));
  const last = number % 10;
  const teen = number > 10 && number < 14;
  const ending = teen ? "th" : last === 1 ? "st" : last === 2 ? "nd" : last === 3 ? "rd" : "th";
  return `${number}${ending} percentile`;
}

/** About so many: two significant digits. */
export function about(value: number): string {
  return count(Number(value.toPrecision(2)));
}

const BYTES: readonly (readonly [unit: string, size: number])[] = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
];

/** A level in its unit: `312 MiB`, `0.42 cores`, `18`, `3.1 ms`. */
export function amount(value: number, unit: string): string {
  if (unit === "share") return share(value);
  if (unit === "ms") return latency(value);
  const [base = "", per] = unit.split("/");
  const rest = per === undefined ? "" : `/${per}`;
  if (base === "B") {
    const [name, size] = BYTES.find((entry) => Math.abs(value) >= entry[1]) ?? ["B", 1];
    return `${sized(value / size)} ${name}${rest}`;
  }
  if (base === "1" && per !== undefined)
    return `${sized(value)}${rest === "/s" ? " per second" : rest === "/h" ? " an hour" : ` per ${per}`}`;
  return unit === "" || unit === "1" ? sized(value) : `${sized(value)} ${unit}`;
}

function sized(value: number): string {
  return Math.abs(value) >= 995 ? count(value) : short(value);
}

/** A relative difference with its sign: `+12%`, `−3.0%`. */
export function relative(value: number): string {
  return `${points(value)}%`;
}
