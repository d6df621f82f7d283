// Does a source of signals tell what there is, and nothing that there is not?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { signalIncrements, type Signals, type SignalWanted } from "../core/signals.ts";
import type { Observed, RunningPool } from "../core/world.ts";
import type { SignalSource } from "./signals.ts";

/** A service whose replicas tell something, and its source. */
export interface SignalPlace {
  readonly source: SignalSource;
  /** Names of every kind that it reads, all there. */
  readonly wanted: readonly SignalWanted[];
  /** Those of them that `work` makes grow. */
  readonly growing: readonly string[];
  /** A name that it takes for its own, but nobody has; and one that is of another kind than this. */
  readonly missing: SignalWanted;
  readonly mistaken: SignalWanted;
  /** A name that another source covers. */
  readonly foreign: SignalWanted;
  /** Pools with two ready replicas or more, as the workload sees them now. */
  pools(): Promise<readonly RunningPool[]>;
  /** Has every replica do something. */
  work(): Promise<void>;
  /** Has the process of one replica end and another one take its place; resolves when that is ready. */
  restart(replica: string): Promise<void>;
  /** Lets time pass until a read looks again. */
  untilNext(): Promise<void>;
  dispose(): Promise<void>;
}

const call = () => ({ signal: AbortSignal.timeout(20_000) });

function valueOf(observed: Observed<Signals>): Signals {
  if (observed.kind !== "value") throw new Error(`expected signals, found ${JSON.stringify(observed)}`);
  return observed.value;
}

/** Every source must pass this. */
export function signalContract(name: string, make: () => Promise<SignalPlace>): void {
  describe(`${name} as a source of signals`, () => {
    let place: SignalPlace;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(async () => {
      await place.dispose();
    });
    const read = async (wanted: readonly SignalWanted[] = place.wanted) =>
      valueOf(await place.source.read(wanted, await place.pools(), call()));
    /** A reading that is not the last one again. */
    const readNext = async (before: Signals): Promise<Signals> => {
      for (const end = Date.now() + 60_000; ;) {
        await place.untilNext();
        const now = await read();
        if (now.at > before.at) return now;
        if (Date.now() > end) throw new Error("there is never another reading");
      }
    };

    test("every name of every replica, in its kind and finite", async () => {
      const pools = await place.pools();
      const { series, troubles } = await read();
      expect(troubles).toEqual([]);
      const expected = pools.flatMap(({ pool, replicas }) => replicas.map(({ id }) => `${pool} ${id}`));
      expect(series.map(({ pool, replica }) => `${pool} ${replica}`).toSorted()).toEqual(expected.toSorted());
      for (const { values } of series) {
        const kinds = Object.fromEntries(Object.entries(values).map(([one, { kind }]) => [one, kind]));
        expect(kinds).toEqual(Object.fromEntries(place.wanted.map(({ name: one, kind }) => [one, kind])));
        for (const reading of Object.values(values)) {
          const numbers = reading.kind === "histogram" ? [...reading.bounds, ...reading.counts] : [reading.value];
          expect(numbers).toSatisfy((all: readonly number[]) => all.length > 0 && all.every(Number.isFinite));
        }
      }
    });

    test("what is missing is named and not there, and the rest is", async () => {
      const { series, troubles } = await read([...place.wanted, place.missing]);
      expect(troubles).not.toEqual([]);
      for (const trouble of troubles) expect(trouble).toContain(place.missing.name);
      for (const { values } of series) {
        expect(Object.keys(values).toSorted()).toEqual(place.wanted.map(({ name: one }) => one).toSorted());
      }
    });

    test("what is of another kind is named and not there", async () => {
      const { series, troubles } = await read([place.mistaken]);
      expect(troubles[0]).toContain(place.mistaken.name);
      expect(series.flatMap(({ values }) => Object.keys(values))).toEqual([]);
    });

    test("what others cover is left to them", async () => {
      expect(place.source.covers(place.foreign.name)).toBe(false);
      for (const { name: one } of place.wanted) expect(place.source.covers(one)).toBe(true);
      expect(place.source.covers(place.missing.name)).toBe(true);
      const { series, troubles } = await read([place.foreign, ...place.wanted]);
      expect(troubles).toEqual([]);
      for (const { values } of series) expect(values[place.foreign.name]).toBeUndefined();
    });

    test("only of the replicas that were named", async () => {
      const [first] = await place.pools();
      const one = first?.replicas[0];
      if (!first || !one) throw new Error("no replica");
      const { series } = valueOf(await place.source.read(place.wanted, [{ ...first, replicas: [one] }], call()));
      expect(series.map(({ replica }) => replica)).toEqual([one.id]);
    });

    test("nothing of nobody", async () => {
      expect(valueOf(await place.source.read(place.wanted, [], call())).series).toEqual([]);
      expect((await read([])).series.flatMap(({ values }) => Object.keys(values))).toEqual([]);
    });

    test("between two looks the same again, at the same time", async () => {
      const first = await read();
      await place.work();
      expect(await read()).toEqual(first);
    });

    test("what they do is counted, once", async () => {
      const first = await read();
      await place.work();
      const second = await readNext(first);
      for (const { values } of signalIncrements(first, second)) {
        for (const one of place.growing) expect(totalOf(values[one])).toBeGreaterThan(0);
      }
      const pair = signalIncrements(second, second);
      for (const { values } of pair) for (const one of place.growing) expect(totalOf(values[one])).toBe(0);
    });

    test("nothing is ever taken back, not by a restart either", async () => {
      let before = await read();
      await place.work();
      const [first] = before.series;
      if (!first) throw new Error("no replica");
      before = await readNext(before);
      await place.restart(first.replica);
      for (let look = 0; look < 3; look += 1) {
        const now = await readNext(before);
        for (const { replica, values } of signalIncrements(before, now)) {
          for (const [one, value] of Object.entries(values)) {
            expect({ replica, one, total: totalOf(value) }).toSatisfy(({ total }) => total >= 0);
          }
          expect(values).not.toEqual({});
        }
        before = now;
        await place.work();
      }
    });

    test("a call that was called off answers nothing", async () => {
      const pools = await place.pools();
      await expect(place.source.read(place.wanted, pools, { signal: AbortSignal.abort() })).rejects.toBeDefined();
      const off = new AbortController();
      const asked = place.source.read(place.wanted, pools, { signal: off.signal });
      off.abort(new Error("too late"));
      await expect(asked).rejects.toThrow("too late");
      expect((await read()).troubles).toEqual([]);
    });
  });
}

function totalOf(reading: Signals["series"][number]["values"][string] | undefined): number {
  if (!reading) return Number.NaN;
  return reading.kind === "histogram" ? reading.counts.reduce((sum, count) => sum + count, 0) : reading.value;
}
