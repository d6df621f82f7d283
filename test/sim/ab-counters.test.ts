// How often is an A/B test wrong that knows counters only, and not whose conversion it was?
import { expect, test } from "vitest";
import { addBatch, alwaysP, startAlways } from "../../src/core/stats/ab/always.ts";
import { gatherCounts, NOTHING_GATHERED } from "../../src/core/stats/ab/gather.ts";
import { zTest } from "../../src/core/stats/ab/fixed.ts";
import { type Random, random } from "../../src/rehearse/random.ts";
import { many, shareLine } from "./rollouts.ts";

const ALPHA = 0.05;

/** Visitors of a service whose two variants convert alike. */
interface Service {
  readonly rate: number;
  /** Users of both variants between two readings. */
  readonly perReading: number;
  /** Readings until half of the conversions have come; 0 when they come at once. */
  readonly delay: number;
  readonly users: number;
}

/** Conversions of one variant under way: each comes at a reading with the same probability. */
function variant(chance: Random, { rate, delay }: Service) {
  const comes = delay === 0 ? 1 : 1 - 0.5 ** (1 / delay);
  let underWay = 0;
  return (users: number): { readonly users: number; readonly converted: number } => {
    underWay += chance.binomial(users, rate);
    const converted = delay === 0 ? underWay : chance.binomial(underWay, comes);
    underWay -= converted;
    return { users, converted };
  };
}

/** Whether the always-valid test finds a difference at any reading, and a z-test at the sample of 5 000 per variant. */
function wrong(service: Service, seed: number): { readonly always: boolean; readonly sample: boolean } {
  const chance = random(seed);
  const [control, treatment] = [variant(chance, service), variant(chance, service)];
  const sample = { control: 5_000, treatment: 5_000 };
  let gathered = NOTHING_GATHERED;
  let state = startAlways();
  let looks = 0;
  for (let users = 0; users < service.users; users += service.perReading) {
    // People come when they like.
    const arrivals = chance.binomial(service.perReading * 4, 0.25);
    const some = chance.binomial(arrivals, 0.5);
    gathered = gatherCounts(gathered, { control: control(arrivals - some), treatment: treatment(some) }, sample);
    for (const batch of gathered.batches.slice(looks)) state = addBatch(state, batch);
    looks = gathered.batches.length;
  }
  return { always: alwaysP(state) <= ALPHA, sample: zTest(gathered.first).p <= ALPHA };
}

const RUNS = 600;

/** Three and a half standard deviations of a share: one run in two thousand is outside. */
const slack = (share: number): number => 3.5 * Math.sqrt((share * (1 - share)) / RUNS);

/** Where conversions come late, a look counts those of users before it: noise that a test of each look's users does not know. */
test.for([
  { rate: 0.1, perReading: 50, delay: 0, most: ALPHA },
  { rate: 0.1, perReading: 50, delay: 1, most: ALPHA },
  { rate: 0.1, perReading: 50, delay: 200, most: ALPHA },
  { rate: 0.02, perReading: 400, delay: 20, most: ALPHA },
  { rate: 0.5, perReading: 50, delay: 0, most: ALPHA },
  // Beyond what is promised: docs/ab-tests.md says so.
  { rate: 0.2, perReading: 50, delay: 20, most: 0.08 },
  { rate: 0.5, perReading: 50, delay: 20, most: 0.12 },
])("counters: %j", ({ rate, perReading, delay, most }) => {
  const runs = many(RUNS, (seed) => wrong({ rate, perReading, delay, users: 20_000 }, seed));
  const [always, sample] = [runs.filter((run) => run.always).length, runs.filter((run) => run.sample).length];
  const service = `${100 * rate} %, ${perReading} users a reading, half of the conversions within ${delay} readings`;
  console.log(`counters, ${service}: always-valid wrong in ${shareLine(always, RUNS)}`);
  console.log(`  the planned sample, judged once: wrong in ${shareLine(sample, RUNS)}`);
  expect(always / RUNS).toBeLessThanOrEqual(most);
  expect(sample / RUNS).toBeLessThanOrEqual(ALPHA + slack(ALPHA));
});
