// How does the Java virtual machine write and round a double?

/** The shortest digits that give the number back, as an integer, and how many of them stand after the point. */
function unscaled(value: number): readonly [digits: bigint, scale: number] {
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return [BigInt(whole + fraction), fraction.length - Number(exponent)];
}

/**
 * Rounds to a number of decimals, halves away from zero, on the decimal digits that are shown rather than on the binary
 * value: 0.285 gives 0.29. As `BigDecimal(Double.toString(x)).setScale(n, HALF_UP)`; not a number stays as it is.
 */
export function roundHalfUp(value: number, decimals: number): number {
  if (!Number.isFinite(value)) return value;
  const [digits, scale] = unscaled(Math.abs(value));
  const dropped = scale - decimals;
  if (dropped <= 0) return value;
  const unit = 10n ** BigInt(dropped);
  const rounded = Number(`${(digits + unit / 2n) / unit}e-${decimals}`);
  return value < 0 ? -rounded : rounded;
}

/** A double as `Double.toString` writes it: always with a fraction, scientific outside 0.001…10 000 000. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}
