// What does a test say whose users are told by events, or by counters of the replicas' own pages?
import { readingOf, type LeftOut } from "../../core/ab/reading.ts";
import type { RunningTest } from "../../core/ab/running.ts";
import type { TestReading } from "../../core/engine/state.ts";
import { messageOf } from "../../core/issues.ts";
import { carriedOn, type SignalIncrement, signalIncrements, type Signals } from "../../core/signals.ts";
import type { Arm, Arms } from "../../core/stats/ab/arms.ts";
import { gatherCounts, type Gathered, gatherUsers, NOTHING_GATHERED } from "../../core/stats/ab/gather.ts";
import { sampleOf } from "../../core/stats/ab/judge.ts";
import type { Clock } from "../../ports/clock.ts";
import { ABSENT, type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import type { SignalSource } from "../../ports/signals.ts";
import type { TestAsked, TestSource } from "../../ports/tests.ts";
import type { EventStore, Kept } from "./store.ts";

/** So many users a look takes in; the rest waits for the next one. */
const MOST_USERS = 2_000;

/** What a service's tests are read from. */
export interface TestSourceOptions {
  readonly clock: Clock;
  readonly store: EventStore;
  /** Where counters are read. */
  readonly signals: () => readonly SignalSource[];
}

/** Reads the tests of one service. */
export function createTestSource(options: TestSourceOptions): TestSource {
  return new Tests(options);
}

type Counters = Extract<RunningTest["conversions"], { kind: "metric" }>;

/** What is kept of a test with counters. */
interface Counted {
  readonly gathered: Gathered;
  /** The last reading; increments count from here. */
  readonly last: Signals;
}

class Tests implements TestSource {
  readonly #options: TestSourceOptions;
  /** The last answer, as long as what it rests on is the same. */
  #known: { readonly key: string; readonly reading: TestReading } | undefined;

  constructor(options: TestSourceOptions) {
    this.#options = options;
  }

  async read(asked: TestAsked, call: Call): Promise<Observed<TestReading>> {
    try {
      const { conversions } = asked.test;
      return conversions.kind === "events" ? this.#events(asked.test) : await this.#counters(asked, conversions, call);
    } catch (error) {
      if (call.signal.aborted) throw error;
      return unreadable(messageOf(error).split("\n")[0] ?? "");
    }
  }

  #events(test: RunningTest): Observed<TestReading> {
    const { store, clock } = this.#options;
    const sample = sampleOf(test.plan);
    store.settle(test, { ms: clock.now(), most: MOST_USERS }, ({ users, kept }) =>
      gatherUsers(gatheredIn(kept), users, sample),
    );
    const kept = store.kept(test);
    const gathered = kept && gatheredIn(kept);
    if (!kept || gathered === NOTHING_GATHERED || !gathered) return ABSENT;
    return seen(this.#judge(test, gathered, leftOut(kept)));
  }

  async #counters({ test, pools }: TestAsked, of: Counters, call: Call): Promise<Observed<TestReading>> {
    const { store, signals } = this.#options;
    const source = signals().find((one) => one.covers(of.users) && one.covers(of.converted));
    if (!source) return unreadable("the replicas have no metrics page");
    const wanted = [of.users, of.converted].map((name) => ({ name, kind: "counter" }) as const);
    const told = await source.read(wanted, pools, call);
    if (told.kind !== "value") return told;
    const before = store.kept(test)?.state as Counted | undefined;
    const now = told.value;
    const alive = new Set(pools.flatMap(({ replicas }) => replicas.map(({ id }) => id)));
    let counted = before ?? { gathered: NOTHING_GATHERED, last: now };
    if (!before || now.at > before.last.at) {
      const increments = before ? signalIncrements(before.last, now) : [];
      const gathered = gatherCounts(counted.gathered, armsOf(increments, test, of), sampleOf(test.plan));
      counted = { gathered, last: carriedOn(before?.last, now, alive) };
      store.keep(test, counted);
    }
    const { total } = counted.gathered;
    if (total.control.users + total.treatment.users > 0) return seen(this.#judge(test, counted.gathered));
    const [trouble] = now.troubles;
    return trouble === undefined ? ABSENT : unreadable(trouble);
  }

  #judge(test: RunningTest, gathered: Gathered, left: LeftOut = []): TestReading {
    const key = JSON.stringify([test.service, test.rollout, gathered.total, left]);
    if (this.#known?.key !== key) {
      const counted = test.conversions.kind === "events" ? "users" : "counters";
      this.#known = { key, reading: readingOf(test.plan, gathered, { counted, leftOut: left }) };
    }
    return this.#known.reading;
  }
}

function gatheredIn(kept: Kept): Gathered {
  return (kept.state as Gathered | undefined) ?? NOTHING_GATHERED;
}

function leftOut({ mixed, unexposed, early, late }: Kept): LeftOut {
  return [
    ["users who saw both variants", mixed],
    ["conversions of users who saw none", unexposed],
    ["conversions before the first exposure", early],
    ["conversions told after their time", late],
  ];
}

function armsOf(increments: readonly SignalIncrement[], { pools }: RunningTest, of: Counters): Arms {
  const arm = (pool: string | undefined): Arm => {
    const own = increments.filter((one) => one.pool === pool);
    const sum = (name: string): number =>
      own.reduce((total, { values }) => {
        const value = values[name];
        return total + (value?.kind === "counter" ? value.value : 0);
      }, 0);
    return { users: sum(of.users), converted: sum(of.converted) };
  };
  return { control: arm(pools.control), treatment: arm(pools.treatment) };
}
