// By which chance are two constant sides told apart?

/** How strong the noise is, as a share of the constant. */
const SCALE = 1e-5;

/** mulberry32: uniform in [0, 1), 32 bits of state. */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A constant side with normal noise of a hundred-thousandth of its value (Box, Muller 1958); zeros stay zeros. Kayenta
 * draws from a generator without a seed, so its figures for such sides differ from run to run. Here the seed is fixed:
 * the same request has the same answer.
 */
export function withNoise(values: readonly number[], seed: number): number[] {
  const next = uniform(seed);
  const deviation = (values[0] ?? 0) * SCALE;
  return values.map(
    (value) => value + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}
