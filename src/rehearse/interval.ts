// Between which shares may the truth lie, when so many of so many were seen?

/** P(X ≤ x) of a binomial count. */
function cumulative(x: number, n: number, p: number): number {
  let log = n * Math.log1p(-p);
  let sum = Math.exp(log);
  for (let k = 1; k <= x; k++) {
    log += Math.log((n - k + 1) / k) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(log);
  }
  return sum;
}

function root(of: (p: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 60; i++) {
    const p = (low + high) / 2;
    if (of(p)) low = p;
    else high = p;
  }
  return (low + high) / 2;
}

/** The exact 95 % interval of a share (Clopper, Pearson 1934): `x` of `n` were seen, 0 ≤ x ≤ n, n ≥ 1. */
export function clopperPearson(x: number, n: number): readonly [low: number, high: number] {
  const low = x === 0 ? 0 : root((p) => 1 - cumulative(x - 1, n, p) < 0.025);
  const high = x === n ? 1 : root((p) => cumulative(x, n, p) > 0.025);
  return [low, high];
}
