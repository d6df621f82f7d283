// What is the ratio of two gauges that may be 0?

/** The means of one block. */
export type Pair = readonly [canary: number, baseline: number];

/** How much block means vary from one block to the next, and around which level: sums over both arms alike. */
export interface Noise {
  readonly squares: number;
  readonly steps: number;
  readonly level: number;
  readonly blocks: number;
  readonly last: Pair | null;
}

export const NO_NOISE: Noise = { squares: 0, steps: 0, level: 0, blocks: 0, last: null };

export function seeNoise(noise: Noise, pair: Pair): Noise {
  const [canary, baseline] = pair;
  const { last } = noise;
  return {
    squares: noise.squares + (last ? ((canary - last[0]) ** 2 + (baseline - last[1]) ** 2) / 2 : 0),
    steps: noise.steps + (last ? 1 : 0),
    level: noise.level + (canary + baseline) / 2,
    blocks: noise.blocks + 1,
    last: pair,
  };
}

/** The least shift, as a share of the level: where one arm is always 0 the ratio is large, but a number. */
const LEAST = 1e-3;

/**
 * What is added to both means before their ratio is taken: v / (2 L), of the variance v of a block's mean around its
 * level L. Of a gauge far from 0 that is next to nothing (0.5 % of the level at a spread of 10 %); of a queue that is
 * mostly empty it is of the size of what comes and goes, so one request in an empty queue is no infinite ratio. With this
 * shift the mean of ln(x + c) is ln L up to terms of second order, whatever the spread: the larger spread of the arm with
 * fewer replicas hardly looks like a lower level (the same idea as adding ½ to a count: Gart, Zweifel 1967). It is the
 * same for both arms and learned from both, so it favours neither. Margins hold for x + c.
 */
function shiftOf(noise: Noise): number {
  if (noise.level <= 0) return 0;
  const level = noise.level / noise.blocks;
  const variance = noise.steps > 0 ? noise.squares / (2 * noise.steps) : 0;
  return Math.max(variance / (2 * level), LEAST * level);
}

/** The logarithm of the ratio; of two gauges that always were 0 it is 0: they are the same. */
export function ratioOf([canary, baseline]: Pair, noise: Noise): number {
  const shift = shiftOf(noise);
  return shift > 0 ? Math.log((canary + shift) / (baseline + shift)) : 0;
}
