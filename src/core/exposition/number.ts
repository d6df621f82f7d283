// How do metrics pages write numbers?

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const INFINITE = /^([+-]?)inf(?:inity)?$/iu;

/**
 * A number as pages write it: decimal, `+Inf`, `NaN`. `undefined` when it is none, or too large for one, as Prometheus
 * has it.
 */
export function readNumber(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (/^nan$/iu.test(text)) return Number.NaN;
  const [, sign] = INFINITE.exec(text) ?? [];
  if (sign === undefined) return undefined;
  return sign === "-" ? -Infinity : Infinity;
}
