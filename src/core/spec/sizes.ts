// How many bytes are `32KiB`, and how many replicas `25%`?
import { bad, good, type Format, type Reading } from "./reading.ts";

const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const BYTES_PATTERN = String.raw`^\d+(?:\.\d+)? ?(?:[kKMG]i?)?B$`;
const BYTES_TEXT = new RegExp(BYTES_PATTERN, "u");

/** Bounds in bytes, both allowed. */
export interface ByteBounds {
  readonly atLeast: number;
  readonly atMost: number;
}

/** Reads an amount of bytes: `512B`, `32kB` (32 000), `32KiB` (32 768), or a plain number of bytes. */
export function readBytes(input: unknown, bounds: ByteBounds): Reading<number> {
  const value = typeof input === "number" ? input : bytesOf(input);
  if (value === undefined) return bad(input, "a size has its unit with it, such as 512B, 32kB or 10MiB");
  if (!Number.isInteger(value)) return bad(input, "a size is a whole number of bytes");
  if (value < bounds.atLeast || value > bounds.atMost) {
    return bad(input, `a size here is from ${bytes(bounds.atLeast)} to ${bytes(bounds.atMost)}`);
  }
  return good(value);
}

function bytesOf(input: unknown): number | undefined {
  if (typeof input !== "string" || !BYTES_TEXT.test(input)) return undefined;
  const [, number, unit] = /^([\d.]+) ?(.+)$/u.exec(input) ?? [];
  return Number(number) * (UNIT_BYTES[(unit ?? "").toLowerCase()] ?? Number.NaN);
}

/** An amount of bytes as people write it: `512B`, `32KiB`, `10MB`. */
export function bytes(value: number): string {
  for (const [unit, size] of [
    ["GiB", 1024 ** 3],
    ["GB", 1e9],
    ["MiB", 1024 ** 2],
    ["MB", 1e6],
    ["KiB", 1024],
    ["kB", 1e3],
  ] as const) {
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return `${value}B`;
}

/** A field that holds an amount of bytes. */
export function bytesFormat(bounds: ByteBounds): Format<number> {
  return { read: (input) => readBytes(input, bounds), pattern: BYTES_PATTERN, examples: ["32KiB", "10MB"] };
}

/** A part of a pool: so many replicas, or so large a fraction of the full size, 0…1. */
export type PoolSize = { readonly replicas: number } | { readonly fraction: number };

const POOL_PATTERN = String.raw`^\d+(?:\.\d+)?%?$`;

/** Reads a part of a pool: `4` or `25%`. More than nothing. */
export function readPoolSize(input: unknown): Reading<PoolSize> {
  const right = "a size is a number of replicas, such as 4, or a percentage from 1% to 100%, such as 25%";
  const text = typeof input === "number" ? String(input) : input;
  if (typeof text !== "string" || !new RegExp(POOL_PATTERN, "u").test(text)) return bad(input, right);
  if (!text.endsWith("%")) {
    const replicas = Number(text);
    return Number.isInteger(replicas) && replicas >= 1 && replicas <= 1_000 ? good({ replicas }) : bad(input, right);
  }
  const percentage = Number(text.slice(0, -1));
  return percentage >= 1 && percentage <= 100
    ? good({ fraction: Number((percentage / 100).toFixed(10)) })
    : bad(input, right);
}

/** Reads a part of a pool that may be nothing: `0` or `0%` besides what `readPoolSize` takes. */
function readPoolPart(input: unknown): Reading<PoolSize> {
  return input === 0 || input === "0" || input === "0%" ? good({ replicas: 0 }) : readPoolSize(input);
}

/** Replicas in a part of a pool of `fullSize`: rounded up, at least one, at most all. */
export function replicasOf(size: PoolSize, fullSize: number): number {
  if ("replicas" in size) return Math.min(size.replicas, fullSize);
  return Math.max(1, Math.ceil(size.fraction * fullSize - 1e-9));
}

/** Replicas in a part of a pool that may be nothing, rounded down. */
export function replicasBelow(size: PoolSize, fullSize: number): number {
  if ("replicas" in size) return Math.min(size.replicas, fullSize);
  return Math.floor(size.fraction * fullSize + 1e-9);
}

/** A field that holds a part of a pool, or nothing of it. */
export const POOL_PART: Format<PoolSize> = { read: readPoolPart, pattern: POOL_PATTERN, examples: ["25%", "0"] };

/** A field that holds a part of a pool. */
export const POOL_SIZE: Format<PoolSize> = { read: readPoolSize, pattern: POOL_PATTERN, examples: ["25%"] };
