// Where does a simulation get its chance from, so that a seed replays it?

/** A seeded source of chance: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from 0 to `below` − 1. */
  below(below: number): number;
  /** True with probability `share`. */
  chance(share: number): boolean;
  normal(): number;
  /** A factor with median 1 whose logarithm has standard deviation `sigma`. */
  lognormal(sigma: number): number;
  poisson(mean: number): number;
  binomial(n: number, share: number): number;
  /** 1, 2, 3… with mean `mean`. */
  geometric(mean: number): number;
  /** Another source, independent of what this one is asked afterwards. */
  fork(name: number): Random;
}

/** sfc32 (Doty-Humphrey, PractRand): small, fast, passes the common batteries. */
function sfc32(seed: readonly [number, number, number]): () => number {
  let [a, b, c] = seed;
  let counter = 1;
  const step = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) step();
  return step;
}

function normalOf(next: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** log k! by Stirling's series; its error is below 1e-10 from k = 10 on. */
function logFactorial(k: number): number {
  const n = k + 1;
  return (n - 0.5) * Math.log(n) - n + 0.918_938_533_204_672_7 + 1 / (12 * n) - 1 / (360 * n ** 3);
}

/** Exact for large means: transformed rejection with squeeze, PTRS (Hörmann 1993), for a mean of 10 or more. */
function largePoisson(next: () => number, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.024_83 * b;
  const inverse = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = next() - 0.5;
    const v = next();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const log = Math.log(v) + Math.log(inverse) - Math.log(a / (us * us) + b);
    if (log <= k * Math.log(mean) - mean - logFactorial(k)) return k;
  }
}

/** Exact below a mean of 30 (Knuth), split into exact halves above, by rejection from 300 on. */
function poissonOf(next: () => number): (mean: number) => number {
  const poisson = (mean: number): number => {
    if (mean > 300) return largePoisson(next, mean);
    if (mean > 30) return poisson(mean / 2) + poisson(mean / 2);
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = next(); product > limit; product *= next()) count++;
    return count;
  };
  return poisson;
}

/** Exact by jumps from success to success (Devroye 1986); rounded normal where more than 30 are expected either way. */
function binomialOf(next: () => number, normal: () => number): (n: number, share: number) => number {
  const binomial = (n: number, share: number): number => {
    if (n <= 0 || share <= 0) return 0;
    if (share >= 1) return n;
    if (share > 0.5) return n - binomial(n, 1 - share);
    const mean = n * share;
    if (mean > 30) return Math.min(n, Math.max(0, Math.round(mean + normal() * Math.sqrt(mean * (1 - share)))));
    const log = Math.log1p(-share);
    let successes = 0;
    for (let at = 0; ; successes++) {
      at += Math.max(1, Math.ceil(Math.log(1 - next()) / log));
      if (at > n) return successes;
    }
  };
  return binomial;
}

export function random(seed: number, stream = 0): Random {
  const step = sfc32([seed | 0, stream | 0, (seed / 2 ** 32) | 0]);
  const next = (): number => step() / 2 ** 32;
  const normal = normalOf(next);
  return {
    next,
    below: (below) => Math.floor(next() * below),
    chance: (share) => next() < share,
    normal,
    lognormal: (sigma) => Math.exp(sigma * normal()),
    poisson: poissonOf(next),
    binomial: binomialOf(next, normal),
    geometric: (mean) => (mean <= 1 ? 1 : 1 + Math.floor(Math.log(1 - next()) / Math.log1p(-1 / mean))),
    fork: (name) => random(step(), name),
  };
}
