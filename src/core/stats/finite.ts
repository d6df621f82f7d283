// Can this number be counted with?

/** The number. Throws a RangeError with its name if it is not finite: `lookAtGauge: canary value of 1-canary-0 is NaN`. */
export function finite(value: number, name: string): number {
  if (!Number.isFinite(value)) throw new RangeError(`${name} is ${value}`);
  return value;
}

/** The same, of a number that must not be below 0. */
export function notNegative(value: number, name: string): number {
  if (finite(value, name) < 0) throw new RangeError(`${name} is negative: ${value}`);
  return value;
}
