// Which of a side's values are compared?

/** What is done with points that are missing: left out, or counted as 0. */
export type NanStrategy = "remove" | "replace";

/** How one side's values are prepared. */
export interface Preparation {
  readonly nan: NanStrategy;
  /** How many interquartile ranges beyond the quartiles a value may lie; `undefined` keeps all. */
  readonly outlierFactor: number | undefined;
}

/**
 * The percentile (0 < `percent` ≤ 100) by linear interpolation between the order statistics around 1 + (n − 1)·p
 * (type 7 of Hyndman, Fan 1996, "Sample quantiles in statistical packages"). NaN of nothing.
 */
export function percentile(values: readonly number[], percent: number): number {
  const ordered = Float64Array.from(values).toSorted();
  const last = ordered.at(-1) ?? NaN;
  const position = 1 + (ordered.length - 1) * (percent / 100);
  const whole = Math.floor(position);
  if (ordered.length === 1 || whole >= ordered.length) return last;
  const lower = ordered[whole - 1] ?? NaN;
  return lower + (position - whole) * ((ordered[whole] ?? NaN) - lower);
}

/** The values that are no outliers: within the fences of the quartiles, or between the 1st and the 99th percentile. */
export function withoutOutliers(values: readonly number[], factor: number): number[] {
  const [low, high] = [percentile(values, 25), percentile(values, 75)];
  const least = Math.min(percentile(values, 1), low - factor * (high - low));
  const most = Math.max(percentile(values, 99), high + factor * (high - low));
  return values.filter((value) => !(value > most || value < least));
}

/** Missing points first, then outliers. */
export function prepared(values: readonly number[], { nan, outlierFactor }: Preparation): number[] {
  const present =
    nan === "remove"
      ? values.filter((value) => !Number.isNaN(value))
      : values.map((value) => (Number.isNaN(value) ? 0 : value));
  return outlierFactor === undefined ? present : withoutOutliers(present, outlierFactor);
}
