// What do simulated replicas tell of themselves besides their requests?
import type { Reading, SignalSeries, SignalWanted, Signals } from "../core/signals.ts";
import type { Ms } from "../core/units.ts";
import type { RunningPool } from "../core/world.ts";
import type { Random } from "./random.ts";

/** What the replicas of one revision tell of themselves. */
export interface Tells {
  /** Resident bytes when ready, and how many more each hour. */
  readonly memory?: { readonly bytes: number; readonly perHour: number } | undefined;
  /** Processor time, as a factor of what good replicas use. */
  readonly cpu?: number | undefined;
  /** Errors in the log, as a factor of what good replicas log. */
  readonly logErrors?: number | undefined;
  /** Gauges by selector: a value, and its noise as a share of it. */
  readonly gauges?: Readonly<Record<string, { readonly value: number; readonly noise: number }>> | undefined;
  /** Counters by selector: how much each replica adds a second. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
}

/** What signals are made from. */
export interface SignalWorld {
  readonly tells: (revision: string) => Tells;
  readonly answered: ReadonlyMap<string, { readonly requests: number; readonly failed: number }>;
  readonly chance: Random;
}

const MEMORY = { bytes: 200e6, perHour: 0 };
/** Seconds of processor time that a good replica uses for a request, and for each second of its life. */
const CPU_PER_REQUEST = 0.004;
const CPU_PER_SECOND = 0.005;
/** What a good replica logs besides one error for each request that fails, a second. */
const LOG_ERRORS_PER_SECOND = 0.002;

/** Counters of the simulated replicas, which live between the readings. */
export class Meters {
  readonly #world: SignalWorld;
  readonly #counted = new Map<string, Map<string, number>>();
  readonly #readMs = new Map<string, number>();
  readonly #seen = new Map<string, { readonly requests: number; readonly failed: number }>();

  constructor(world: SignalWorld) {
    this.#world = world;
  }

  /** Everything that was asked for, of every replica that is ready, at one moment. */
  read(wanted: readonly SignalWanted[], pools: readonly RunningPool[], at: Ms): Signals {
    const troubles: string[] = [];
    const series = pools.flatMap(({ pool, revision, replicas }) =>
      replicas
        .filter(({ readySinceMs }) => readySinceMs !== undefined)
        .map(({ id, readySinceMs = at, restarts }): SignalSeries => {
          const one = { id, restarts, tells: this.#world.tells(revision), aliveMs: at - readySinceMs };
          this.#advance(one, at);
          const values: Record<string, Reading> = {};
          for (const { name, kind } of wanted) {
            const reading = this.#value(name, one);
            if (reading?.kind === kind) values[name] = reading;
            else troubles.push(`${name}: ${id} has ${reading ? `a ${reading.kind}, no ${kind}` : "no such series"}`);
          }
          return { replica: id, pool, epoch: "1", values };
        }),
    );
    return { at, series, troubles };
  }

  /** Counts what has happened since the last reading. */
  #advance({ id, tells }: One, at: Ms): void {
    const { answered, chance } = this.#world;
    const seconds = (at - (this.#readMs.get(id) ?? at)) / 1_000;
    const before = this.#seen.get(id) ?? { requests: 0, failed: 0 };
    const now = answered.get(id) ?? before;
    this.#readMs.set(id, at);
    this.#seen.set(id, { ...now });
    const busy = (now.requests - before.requests) * CPU_PER_REQUEST + seconds * CPU_PER_SECOND;
    const logged = now.failed - before.failed + seconds * LOG_ERRORS_PER_SECOND;
    this.#add(id, "process.cpu", busy * (tells.cpu ?? 1) * chance.lognormal(0.05));
    this.#add(id, "process.logErrors", chance.poisson(logged * (tells.logErrors ?? 1)));
    for (const [name, perSecond] of Object.entries(tells.counts ?? {})) {
      this.#add(id, name, chance.poisson(perSecond * seconds));
    }
  }

  #add(id: string, name: string, more: number): void {
    const counted = this.#counted.get(id) ?? new Map<string, number>();
    counted.set(name, (counted.get(name) ?? 0) + more);
    this.#counted.set(id, counted);
  }

  #value(name: string, { id, tells, aliveMs, restarts }: One): Reading | undefined {
    const { chance } = this.#world;
    if (name === "process.restarts") return { kind: "counter", value: restarts };
    if (name === "process.memory") {
      const { bytes, perHour } = tells.memory ?? MEMORY;
      const value = (bytes + (perHour * aliveMs) / 3_600_000) * chance.lognormal(0.02);
      return { kind: "gauge", value: Math.max(0, Math.round(value)) };
    }
    const gauge = tells.gauges?.[name];
    if (gauge) return { kind: "gauge", value: gauge.value * (1 + gauge.noise * chance.normal()) };
    const value = this.#counted.get(id)?.get(name);
    return value === undefined ? undefined : { kind: "counter", value };
  }
}

interface One {
  readonly id: string;
  readonly restarts: number;
  readonly tells: Tells;
  readonly aliveMs: number;
}
