// Is a text the secret, without telling by the time it takes how much of it was right?
import { timingSafeEqual } from "node:crypto";

/** Compares what was given with what is right. */
export function isSame(given: string | undefined, right: string): boolean {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
