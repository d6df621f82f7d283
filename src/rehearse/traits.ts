// How is a revision said to behave?
import type { Behaviour } from "../adapters/memory/workload.ts";
import { ms } from "../core/units.ts";
import type { Traits } from "./scenario.ts";
import type { Tells } from "./signals.ts";
import type { Answers } from "./traffic.ts";
import type { Words } from "./words.ts";

/** How every revision behaves of which nothing is said. */
export const GOOD = { errors: 0.001, p50Ms: 20, p99Ms: 120, ready: 1_000 } as const;

const FORMS = {
  good: "good",
  errors: "errors 2% from share 25%",
  "client-errors": "client-errors 1%",
  p50: "p50 20ms",
  p99: "p99 120ms",
  slower: "slower x1.4",
  slowest: "slowest 5% x1.4",
  bursts: "bursts of 3",
  pods: "pods differ 0.2",
  cold: "cold x4 for 30s",
  drift: "drift errors to 2% over 10m",
  ready: "ready after 5s",
  crashes: "crashes after 10s",
  memory: "memory 200MB growing 50MB/h",
  cpu: "cpu x1.3",
  "log-errors": "log-errors x5",
  signal: "signal queue_depth 120 noise 5%",
  count: "count orders_total 3/s",
} as const;

type Trait = keyof typeof FORMS;

const TRAITS = Object.keys(FORMS) as readonly Trait[];

/** Reads the traits up to the end of the line. */
export function readTraits(words: Words): Traits {
  let traits: Traits = {};
  do {
    const trait = words.one(TRAITS);
    words.form(`canary ${FORMS[trait]}`);
    traits = withTraits(traits, READERS[trait](words));
  } while (!words.isOver);
  return traits;
}

const READERS: Readonly<Record<Trait, (words: Words) => Traits>> = {
  good: () => {
    const { ready: _ready, ...answers } = GOOD;
    return { ...answers, slower: 1, slowest: undefined, errorsFrom: undefined, drift: undefined };
  },
  errors: (words) => {
    const errors = words.percent() / 100;
    if (!words.maybe("from")) return { errors, errorsFrom: undefined, drift: undefined };
    words.one(["share"]);
    return { errorsFrom: { errors, share: words.percent() / 100 } };
  },
  "client-errors": (words) => ({ clientErrors: words.percent() / 100 }),
  p50: (words) => ({ p50Ms: words.duration() }),
  p99: (words) => ({ p99Ms: words.duration() }),
  slower: (words) => ({ slower: words.factor() }),
  slowest: (words) => ({ slowest: { share: words.percent() / 100, factor: words.factor() } }),
  bursts: (words) => {
    words.one(["of"]);
    return { burst: words.decimal("the mean size of a burst, such as 3") };
  },
  pods: (words) => {
    words.one(["differ"]);
    return { differ: words.decimal("a standard deviation of log odds, such as 0.2") };
  },
  cold: (words) => {
    const factor = words.factor();
    words.one(["for"]);
    return { cold: { factor, untilMs: words.duration() } };
  },
  drift: (words) => {
    words.one(["errors"]);
    words.one(["to"]);
    const errors = words.percent() / 100;
    words.one(["over"]);
    return { drift: { errors, overMs: words.duration() } };
  },
  ready: (words) => {
    if (words.one(["after", "never"]) === "never") return { ready: "never" };
    return { ready: words.duration() };
  },
  crashes: (words) => {
    words.one(["after"]);
    return { crashes: words.duration() };
  },
  memory: (words) => {
    const bytes = words.bytes();
    if (!words.maybe("growing")) return { tells: { memory: { bytes, perHour: 0 } } };
    const [, size = "", unit] = /^(.*)\/(h|m)$/u.exec(words.peek() ?? "") ?? [];
    const word = words.word("a growth, such as 50MB/h");
    const perHour = words.bytes(size || word) * (unit === "m" ? 60 : 1);
    return { tells: { memory: { bytes, perHour } } };
  },
  cpu: (words) => ({ tells: { cpu: words.factor() } }),
  "log-errors": (words) => ({ tells: { logErrors: words.factor() } }),
  signal: (words) => {
    const name = words.word("a name, such as queue_depth");
    if (words.peek()?.startsWith("x")) return { factors: { [name]: words.factor() } };
    const value = words.decimal("a value, such as 120, or a factor, such as x1.5");
    const noise = words.maybe("noise") ? words.percent() / 100 : 0;
    return { tells: { gauges: { [name]: { value, noise } } } };
  },
  count: (words) => {
    const name = words.word("a name, such as orders_total");
    return { tells: { counts: { [name]: words.rate() } } };
  },
};

/** Traits with more said on top. */
export function withTraits(known: Traits, more: Traits): Traits {
  const [a, b] = [known.tells, more.tells];
  const gauges = { ...a?.gauges, ...b?.gauges };
  const counts = { ...a?.counts, ...b?.counts };
  const tells: Tells = { ...a, ...b, gauges, counts };
  return { ...known, ...more, tells, factors: { ...known.factors, ...more.factors } };
}

/** How a revision of these traits answers, but for what depends on time and share. */
export function answersOf(traits: Traits): Answers {
  const { errors = GOOD.errors, p50Ms = GOOD.p50Ms, p99Ms = GOOD.p99Ms, slower = 1 } = traits;
  const { clientErrors, slowest, burst, differ, cold } = traits;
  return {
    errors,
    clientErrors,
    p50Ms: p50Ms * slower,
    p99Ms: p99Ms * slower,
    slowest,
    burst,
    tau: differ,
    cold,
  };
}

export function behaviourOf({ ready = GOOD.ready, crashes }: Traits): Behaviour {
  const after = crashes === undefined ? {} : { crashAfterMs: ms(crashes) };
  return { readyAfterMs: ready === "never" ? "never" : ms(ready), ...after };
}

/** What replicas tell; a gauge said as a factor is one of what `others` say. */
export function tellsOf({ tells = {}, factors = {} }: Traits, others: Traits): Tells {
  const gauges = { ...others.tells?.gauges, ...tells.gauges };
  for (const [name, factor] of Object.entries(factors)) {
    const known = gauges[name];
    if (known) gauges[name] = { ...known, value: known.value * factor };
  }
  return { ...tells, gauges, counts: { ...others.tells?.counts, ...tells.counts } };
}
