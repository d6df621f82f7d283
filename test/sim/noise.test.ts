// How often is noise in the answers to copies taken for a difference?
import { expect, test } from "vitest";
import type { FieldCounts } from "../../src/core/comparison.ts";
import { foundDifferences } from "../../src/core/compare/found.ts";
import { clopperPearson } from "../../src/rehearse/interval.ts";
import { random } from "../../src/rehearse/random.ts";

const ALPHA = 0.05;
const RUNS = 400;
const REQUESTS = 4_000;
const LOOK_EVERY = 20;
/** How often each part differs by itself: ids and times always, others now and then. */
const PARTS = [1, 1, 0.5, 0.1, 0.02, 0.005, 0.001, 0.001];

/** The request at which something was found first, with a part in which the candidate alone differs at `rate`. */
function foundAt(seed: number, rate: number): number {
  const dice = random(seed);
  const fields = [...PARTS, 0].map((_, at): { -readonly [K in keyof FieldCounts]: FieldCounts[K] } => ({
    path: `body.p${at}`,
    candidate: 0,
    noise: 0,
    examples: [],
  }));
  for (let asked = 1; asked <= REQUESTS; asked += 1) {
    for (const [at, field] of fields.entries()) {
      const part = PARTS[at] ?? 0;
      if (dice.chance(part || rate)) field.candidate += 1;
      if (dice.chance(part)) field.noise += 1;
    }
    if (asked % LOOK_EVERY > 0) continue;
    const comparison = { epoch: "", candidate: asked, noise: asked, shed: 0, failed: 0 };
    const seen = fields.filter(({ candidate, noise }) => candidate + noise > 0);
    if (foundDifferences({ ...comparison, fields: seen }, { alpha: ALPHA, baseline: true }).length > 0) return asked;
  }
  return Infinity;
}

test("400 candidates that differ as stable does, looked at 200 times each", () => {
  const wrong = Array.from({ length: RUNS }, (_, run) => foundAt(run + 1, 0)).filter(Number.isFinite).length;
  const [, high] = clopperPearson(wrong, RUNS);
  console.log(`false alarms: ${wrong} of ${RUNS} at alpha ${ALPHA}, at most ${(100 * high).toFixed(1)} % (95 %)`);
  expect(wrong / RUNS).toBeLessThanOrEqual(ALPHA);
});

test("a part in which one of 100 answers differs is found", () => {
  const at = Array.from({ length: 50 }, (_, run) => foundAt(run + 1, 0.01)).toSorted((a, b) => a - b);
  console.log(`1 % is found after ${at[25]} requests (median), ${at[45]} (nine of ten)`);
  expect(at[45]).toBeLessThan(REQUESTS);
});
