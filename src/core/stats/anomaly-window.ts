// How surprising is a value to a series whose neighbours are alike?

/** What is left of each point when what its predecessor tells of it is taken away. */
export interface Whitened {
  readonly residuals: readonly number[];
  readonly newest: number;
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).toSorted();
  const upper = sorted.length >> 1;
  const middle = sorted[upper] ?? 0;
  return sorted.length % 2 === 1 ? middle : ((sorted[upper - 1] ?? 0) + middle) / 2;
}

/** Beyond this a series wanders so far that its residuals say nothing. */
const MOST_CORRELATED = 0.97;

/**
 * Residuals of an autoregression of order 1 around the median of `points`, and that of the value that follows them. The
 * correlation comes from the points alone, so the newest is treated as each of them was.
 */
export function whitened(points: readonly number[], value: number): Whitened {
  const median = medianOf(points);
  const centred = points.map((point) => point - median);
  let squares = 0;
  let lagged = 0;
  for (const [index, point] of centred.entries()) {
    squares += point * point;
    lagged += point * (centred[index - 1] ?? 0);
  }
  const measured = squares > 0 ? lagged / squares : 0;
  const rho = Math.min(MOST_CORRELATED, Math.max(-MOST_CORRELATED, measured));
  const residuals = centred.slice(1).map((point, index) => point - rho * (centred[index] ?? 0));
  return { residuals, newest: value - median - rho * (centred.at(-1) ?? 0) };
}
