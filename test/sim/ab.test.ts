// How often is an A/B test wrong, how often do its intervals miss, and how many users does it need?
import { expect, test } from "vitest";
import { addBatch, alwaysP, confidenceSequence, evidenceAbove, startAlways } from "../../src/core/stats/ab/always.ts";
import { type Arms, exchanged, NO_ONE, together } from "../../src/core/stats/ab/arms.ts";
import { type FixedPlan, newcombe, plannedSample, zTest } from "../../src/core/stats/ab/fixed.ts";
import { checkSplit } from "../../src/core/stats/ab/users.ts";
import { type Random, random } from "../../src/rehearse/random.ts";
import { many, quantile, shareLine } from "./rollouts.ts";

const ALPHA = 0.05;

const PLAN: FixedPlan = {
  baseline: 0.1,
  lift: { kind: "absolute", value: 0.01 },
  alpha: ALPHA,
  power: 0.8,
  split: 0.5,
};

/** Rates of the two variants. */
interface Rates {
  readonly control: number;
  readonly treatment: number;
}

/** Binomial without any approximation: pieces small enough for the source to draw each exactly. */
function exact(chance: Random, n: number, p: number): number {
  const piece = Math.max(1, Math.floor(30 / Math.min(p, 1 - p)));
  let converted = 0;
  for (let left = n; left > 0; left -= piece) converted += chance.binomial(Math.min(piece, left), p);
  return converted;
}

function draw(chance: Random, users: { readonly control: number; readonly treatment: number }, rates: Rates): Arms {
  return {
    control: { users: users.control, converted: exact(chance, users.control, rates.control) },
    treatment: { users: users.treatment, converted: exact(chance, users.treatment, rates.treatment) },
  };
}

/** Users shared out by chance, in portions of 20 and later of 1 % of those before. */
function* portions(chance: Random, rates: Rates, total: number): Generator<Arms> {
  for (let before = 0; before < total;) {
    const size = Math.max(20, Math.ceil(before / 100));
    const treatment = exact(chance, size, 0.5);
    yield draw(chance, { control: size - treatment, treatment }, rates);
    before += size;
  }
}

/** Three and a half standard deviations of a share: one run in two thousand is outside. */
function slack(share: number, runs: number): number {
  return 3.5 * Math.sqrt((share * (1 - share)) / runs);
}

/** A test of the planned sample with a hundred looks: whether p was small at the end, or at any of them. */
function hundredLooks(
  rates: Rates,
  seed: number,
): { readonly end: boolean; readonly any: boolean; readonly missed: boolean } {
  const chance = random(seed);
  const { control } = plannedSample(PLAN);
  let [arms, any] = [NO_ONE, false];
  for (let look = 1; look <= 100; look++) {
    const users = Math.round((control * look) / 100) - arms.control.users;
    arms = together(arms, draw(chance, { control: users, treatment: users }, rates));
    any ||= zTest(arms).p <= ALPHA;
  }
  const [low, high] = newcombe(arms, ALPHA);
  const difference = rates.treatment - rates.control;
  return { end: zTest(arms).p <= ALPHA, any, missed: difference < low || difference > high };
}

const share = (values: readonly boolean[]): number => values.filter(Boolean).length / values.length;

const line = (values: readonly boolean[]): string => shareLine(values.filter(Boolean).length, values.length);

test("the fixed test: right at the planned sample, wrong when it is looked at before", () => {
  const runs = 3_000;
  const same = many(runs, (seed) => hundredLooks({ control: 0.1, treatment: 0.1 }, seed));
  const better = many(runs, (seed) => hundredLooks({ control: 0.1, treatment: 0.11 }, seed));
  const [end, any, power] = [same.map((run) => run.end), same.map((run) => run.any), better.map((run) => run.end)];
  const missed = better.map((run) => run.missed);
  console.log(`fixed test, ${plannedSample(PLAN).control} users per variant, same rates: wrong in ${line(end)}`);
  console.log(`the same with a look every 1 %, stopped at the first p <= 5 %: wrong in ${line(any)}`);
  console.log(`10 % against 11 %: found in ${line(power)}; Newcombe's interval misses in ${line(missed)}`);
  expect(Math.abs(share(end) - ALPHA)).toBeLessThan(slack(ALPHA, runs));
  expect(Math.abs(share(any) - 0.38)).toBeLessThan(slack(0.38, runs) + 0.01);
  expect(Math.abs(share(power) - PLAN.power)).toBeLessThan(slack(PLAN.power, runs));
  expect(Math.abs(share(missed) - ALPHA)).toBeLessThan(slack(ALPHA, runs));
});

/** Users per variant at which the always-valid test has found a difference. */
function foundAt(batches: Iterable<Arms>): number {
  let state = startAlways();
  for (const batch of batches) {
    state = addBatch(state, batch);
    if (alwaysP(state) <= ALPHA) return Math.round((state.counted.control.users + state.counted.treatment.users) / 2);
  }
  return Infinity;
}

test.for([0.02, 0.1, 0.5])("the always-valid test at a rate of %d: seldom wrong, over all looks", (rate) => {
  const runs = 1_000;
  const wrong = many(
    runs,
    (seed) => foundAt(portions(random(seed), { control: rate, treatment: rate }, 40_000)) < Infinity,
  );
  console.log(`always-valid test at ${100 * rate} %, 20 000 users per variant: wrong in ${line(wrong)}`);
  expect(share(wrong)).toBeLessThanOrEqual(ALPHA);
});

test("either of two tests: why only one decides", () => {
  const runs = 1_500;
  const { control } = plannedSample(PLAN);
  const either = many(runs, (seed) => {
    const batches = [...portions(random(seed), { control: 0.1, treatment: 0.1 }, 2 * control)];
    return zTest(batches.reduce(together)).p <= ALPHA || foundAt(batches) < Infinity;
  });
  console.log(`the fixed test or the always-valid one, same rates: wrong in ${line(either)}`);
  expect(share(either)).toBeGreaterThan(ALPHA);
});

test("10 % against 11 %: how many users the always-valid test needs", () => {
  const runs = 1_000;
  const ends = many(runs, (seed) => foundAt(portions(random(seed), { control: 0.1, treatment: 0.11 }, 160_000)));
  const planned = ends.map((end) => end <= 14_751);
  const [median, ninety] = [quantile(ends, 0.5), quantile(ends, 0.9)];
  console.log(`always-valid test, 10 % against 11 %: median ${median} users per variant, 90 % within ${ninety}`);
  console.log(`found by 14 751 users per variant: ${line(planned)}`);
  const large = many(runs, (seed) => foundAt(portions(random(seed), { control: 0.1, treatment: 0.13 }, 40_000)));
  const sample = plannedSample({ ...PLAN, lift: { kind: "absolute", value: 0.03 } }).control;
  console.log(`10 % against 13 %: median ${quantile(large, 0.5)} users per variant; the fixed test needs ${sample}`);
  expect(Math.abs(median / 15_300 - 1)).toBeLessThan(0.08);
  expect(Math.abs(share(planned) - 0.48)).toBeLessThan(slack(0.48, runs));
});

/** Whether the confidence sequence leaves the true difference out at any look. */
function missesEver(batches: readonly Arms[], difference: number): boolean {
  const needed = Math.log(2 / ALPHA);
  const above = evidenceAbove(batches, difference);
  const below = evidenceAbove(batches.map(exchanged), -difference);
  return above.some((log) => log >= needed) || below.some((log) => log >= needed);
}

const COVERED: readonly Rates[] = [
  { control: 0.02, treatment: 0.02 },
  { control: 0.02, treatment: 0.022 },
  { control: 0.02, treatment: 0.014 },
  { control: 0.1, treatment: 0.1 },
  { control: 0.1, treatment: 0.11 },
  { control: 0.1, treatment: 0.07 },
  { control: 0.5, treatment: 0.5 },
  { control: 0.5, treatment: 0.55 },
  { control: 0.5, treatment: 0.35 },
];

test.for(COVERED)("the confidence sequence holds the difference at all looks: $control and $treatment", (rates) => {
  const runs = 600;
  const difference = rates.treatment - rates.control;
  const missed = many(runs, (seed) => missesEver([...portions(random(seed), rates, 40_000)], difference));
  const text = `${100 * rates.control} % and ${(100 * rates.treatment).toFixed(1)} %`;
  console.log(`confidence sequence at ${text}, all looks up to 20 000 users per variant: misses in ${line(missed)}`);
  expect(share(missed)).toBeLessThanOrEqual(ALPHA);
});

test("how wide the confidence sequence is beside the interval of one look", () => {
  for (const rate of [0.02, 0.1, 0.5]) {
    for (const users of [1_000, 10_000, 100_000]) {
      const ratios = many(9, (seed) => {
        const batches = [...portions(random(seed), { control: rate, treatment: rate }, 2 * users)];
        const [low, high] = newcombe(batches.reduce(together), ALPHA);
        const sequence = confidenceSequence(batches, ALPHA);
        return sequence.kind === "interval" ? (sequence.high - sequence.low) / (high - low) : Infinity;
      });
      const median = quantile(ratios, 0.5);
      console.log(
        `confidence sequence at ${100 * rate} %, ${users} users per variant: ${median.toFixed(2)} times as wide`,
      );
      expect(median).toBeGreaterThan(1.2);
      expect(median).toBeLessThan(2);
    }
  }
});

/** The evidence of the same users in portions of so many. */
function evidenceIn(size: number, seed: number): number {
  const chance = random(seed);
  let [state, batch] = [startAlways(), NO_ONE];
  for (let user = 1; user <= 20_000; user++) {
    const treated = chance.chance(0.5);
    const rates = { control: 0.1, treatment: 0.115 };
    batch = together(batch, draw(chance, { control: treated ? 0 : 1, treatment: treated ? 1 : 0 }, rates));
    if (user % size > 0) continue;
    state = addBatch(state, batch);
    batch = NO_ONE;
  }
  return state.now;
}

test("the same users in other portions: about the same evidence", () => {
  const [fine, coarse] = [many(40, (seed) => evidenceIn(20, seed)), many(40, (seed) => evidenceIn(1_000, seed))];
  const apart = fine.map((log, i) => Math.abs(log - (coarse[i] ?? NaN)));
  const [median, most] = [quantile(apart, 0.5), Math.max(...apart)];
  console.log(
    `portions of 20 or of 1 000 users: ln E differs by ${median.toFixed(2)} (median), ${most.toFixed(2)} at most`,
  );
  expect(median).toBeLessThan(1);
});

test("the split: false alarms, and what is noticed", () => {
  const runs = 20_000;
  const chance = random(1);
  const off = (users: number, actual: number): boolean => {
    const treatment = exact(chance, users, actual);
    const arms = { control: { users: users - treatment, converted: 0 }, treatment: { users: treatment, converted: 0 } };
    return checkSplit(arms, 0.5).off;
  };
  const [fair, skewed] = [many(runs, () => off(1_000, 0.5)), many(500, () => off(10_000, 0.475))];
  console.log(`a fair split of 1 000 users is called off in ${line(fair)}`);
  console.log(`a split of 10 000 users at 47.5 % instead of 50 % is called off in ${line(skewed)}`);
  expect(Math.abs(share(fair) - 0.001)).toBeLessThan(slack(0.001, runs));
  expect(share(skewed)).toBeGreaterThan(0.9);
});
