// What do the processes of a service use, and what do they complain of?
import { randomBytes } from "node:crypto";
import { answeredBy, PROCESS_SIGNALS } from "../../core/exposition/names.ts";
import { messageOf } from "../../core/issues.ts";
import type { Reading, Signals, SignalSeries, SignalWanted } from "../../core/signals.ts";
import { ms, type Ms } from "../../core/units.ts";
import type { RunningPool } from "../../core/world.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import type { SignalSource } from "../../ports/signals.ts";
import { grow, startTotal, type Total } from "./growth.ts";
import type { Inside } from "./inside.ts";
import type { LogCounts } from "./log-lines.ts";
import { type Details, type Measured, type Meter, procMeter, psMeter } from "./measure.ts";

/** What the source needs. */
export interface UsageSourceOptions {
  readonly clock: Clock;
  /** Whose replicas: the process workload of the service. */
  readonly workload: { insides(): readonly Inside[] };
  /** How often is looked at most. Default 1 s. */
  readonly everyMs?: Ms | undefined;
  /** Default that of this system. */
  readonly meter?: Meter | undefined;
}

/**
 * Reads the names of PROCESS_SIGNALS, and leaves all others to others. Every value is the sum over the replica's
 * session. All counters of a replica begin at 0 when this source first sees it, or with the replica itself, and go on
 * over its restarts; the epoch names the source, so a new controller's counts begin anew.
 */
export function createUsageSource(options: UsageSourceOptions): SignalSource {
  return new Usage(options);
}

/** What belongs to a replica at one look. */
interface Look {
  readonly inside: Inside;
  /** Its processes. */
  readonly own: readonly Measured[];
  readonly meter: Meter;
  readonly troubles: LogCounts | { readonly why: string } | undefined;
}

/** A value that was read, before counters are carried over restarts, or why there is none. */
type Value = { readonly value: number } | { readonly why: string };

class Usage implements SignalSource {
  readonly kind = "process";
  readonly #clock: Clock;
  readonly #workload: UsageSourceOptions["workload"];
  readonly #everyMs: Ms;
  readonly #epoch = randomBytes(4).toString("hex");
  readonly #totals = new Map<string, Map<string, Total>>();
  /** What the last look has told of each replica. */
  #told: ReadonlyMap<string, SignalSeries["values"]> = new Map();
  #meter: Meter | undefined;
  #last: { readonly asked: string; readonly signals: Signals } | undefined;

  constructor({ clock, workload, everyMs = ms(1_000), meter }: UsageSourceOptions) {
    this.#clock = clock;
    this.#workload = workload;
    this.#everyMs = everyMs;
    this.#meter = meter;
  }

  covers(name: string): boolean {
    return answeredBy(name) === "process";
  }

  async read(wanted: readonly SignalWanted[], pools: readonly RunningPool[], call: Call): Promise<Observed<Signals>> {
    call.signal.throwIfAborted();
    const mine = wanted.filter(({ name }) => this.covers(name));
    const ids = pools.flatMap(({ replicas }) => replicas.map(({ id }) => id));
    const asked = JSON.stringify([mine, ids]);
    const at = this.#clock.now();
    if (this.#last?.asked === asked && at - this.#last.signals.at < this.#everyMs) return seen(this.#last.signals);
    const known = new Set(ids);
    const insides = this.#workload.insides();
    this.#forget(insides);
    try {
      const looks = await this.#look(
        mine,
        insides.filter(({ replica }) => known.has(replica)),
      );
      call.signal.throwIfAborted();
      const signals = this.#signals(at, mine, looks);
      this.#told = new Map(signals.series.map(({ replica, values }) => [replica, values]));
      this.#last = { asked, signals };
      return seen(signals);
    } catch (error) {
      call.signal.throwIfAborted();
      return unreadable(`the processes cannot be looked at: ${messageOf(error)}`);
    }
  }

  #forget(insides: readonly Inside[]): void {
    const there = new Set(insides.map(({ replica }) => replica));
    for (const replica of this.#totals.keys()) if (!there.has(replica)) this.#totals.delete(replica);
  }

  async #look(mine: readonly SignalWanted[], insides: readonly Inside[]): Promise<readonly Look[]> {
    const names = new Set(mine.map(({ name }) => name));
    const meter = (this.#meter ??= process.platform === "linux" ? procMeter() : psMeter());
    const all = MEASURED.some((name) => names.has(name)) ? await meter.processes() : [];
    const logs = names.has("process.logErrors") || names.has("process.logWarnings");
    return Promise.all(
      insides.map(async (inside) => ({
        inside,
        own: ownOf(inside, all),
        meter,
        troubles: logs ? await troublesOf(inside) : undefined,
      })),
    );
  }

  #signals(at: Ms, mine: readonly SignalWanted[], looks: readonly Look[]): Signals {
    const troubles: string[] = [];
    const known = mine.filter(({ name, kind }) => {
      const why = wrong(name, kind);
      if (why !== undefined) troubles.push(`${name}: ${why}`);
      return why === undefined;
    });
    const series = looks.map((look): SignalSeries => {
      const values: Record<string, Reading> = {};
      for (const { name, kind } of known) {
        const value = VALUES[name]?.(look) ?? { why: "cannot be read" };
        if ("why" in value) troubles.push(`${name}: ${look.inside.replica} ${value.why}`);
        else if (kind === "counter") values[name] = { kind, value: this.#total(name, look.inside, value.value) };
        else if (kind === "gauge") values[name] = { kind, value: value.value };
      }
      return { replica: look.inside.replica, pool: look.inside.pool, epoch: this.#epoch, values };
    });
    return { at, series, troubles };
  }

  #total(name: string, inside: Inside, value: number): number {
    const totals = this.#totals.get(inside.replica) ?? new Map<string, Total>();
    this.#totals.set(inside.replica, totals);
    // What was not told the last time is new to whoever asks, but what it has counted is not: it begins at 0.
    const told = this.#told.get(inside.replica);
    const isLate = told !== undefined && told[name] === undefined;
    if (isLate) totals.delete(name);
    const before = totals.get(name);
    // Between two processes there is nothing to read, and what was counted stays.
    if (OF_THE_PROCESS.has(name) && inside.process === undefined) return before?.total ?? 0;
    const birth = OF_THE_PROCESS.has(name) ? inside.process?.birth : LIFE;
    const now = { birth, value };
    const total = before ? grow(before, now) : startTotal(isLate ? now : inside.before, now);
    totals.set(name, total);
    return total.total;
  }
}

function wrong(name: string, kind: Reading["kind"]): string | undefined {
  const known = PROCESS_SIGNALS[name];
  if (!known) return `there is no such value; there are ${Object.keys(PROCESS_SIGNALS).join(", ")}`;
  return known.kind === kind ? undefined : `is a ${known.kind}, not a ${kind}`;
}

/** The life of a replica goes on over its restarts. */
const LIFE = "life";
const MEASURED = [
  "process.cpu",
  "process.memory",
  "process.threads",
  "process.files",
  "process.read",
  "process.written",
];
/** Counters that begin at 0 with each process. */
const OF_THE_PROCESS: ReadonlySet<string> = new Set(["process.cpu", "process.read", "process.written"]);

const NO_PROCESS = { why: "has no process at the moment" };
const NOT_HERE = { why: `runs on ${process.platform}, where this cannot be read` };

/** The session of its first process. While anyone of a session lives, nobody else gets its number. */
function ownOf({ process: first }: Inside, all: readonly Measured[]): readonly Measured[] {
  if (!first) return [];
  const leader = all.find(({ pid }) => pid === first.pid);
  if (leader && leader.birth !== first.birth) return [];
  return all.filter(({ session, group }) => session === first.pid || group === first.pid);
}

async function troublesOf(inside: Inside): Promise<LogCounts | { readonly why: string }> {
  if (!inside.troubles) return { why: "shares its log with others until its next start" };
  return inside.troubles().catch((error: unknown) => ({ why: `has a log that cannot be read: ${messageOf(error)}` }));
}

function alive({ own }: Look): readonly Measured[] {
  return own.filter(({ zombie }) => !zombie);
}

function summed(look: Look, of: (measured: Measured) => number | undefined): Value {
  const living = alive(look);
  if (living.length === 0) return NO_PROCESS;
  let value = 0;
  for (const one of living) {
    const part = of(one);
    if (part === undefined) return NOT_HERE;
    value += part;
  }
  return { value };
}

function detail(of: readonly Measured[], meter: Meter, which: keyof Details): Value {
  return meter.details ? meter.details[which](of) : NOT_HERE;
}

function lines({ troubles }: Look, which: keyof LogCounts): Value {
  if (!troubles) return { why: "was not asked for its log" };
  return "why" in troubles ? troubles : { value: troubles[which] };
}

const VALUES: Readonly<Record<string, (look: Look) => Value>> = {
  "process.cpu": ({ own }) => ({ value: own.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) }),
  "process.memory": (look) => summed(look, ({ residentBytes }) => residentBytes),
  "process.threads": (look) => summed(look, ({ threads }) => threads),
  "process.files": (look) => (alive(look).length === 0 ? NO_PROCESS : detail(alive(look), look.meter, "files")),
  "process.read": ({ own, meter }) => detail(own, meter, "read"),
  "process.written": ({ own, meter }) => detail(own, meter, "written"),
  "process.restarts": ({ inside }) => ({ value: inside.restarts - (inside.before?.restarts ?? 0) }),
  "process.checks": ({ inside }) => ({ value: inside.checks.made }),
  "process.checksFailed": ({ inside }) => ({ value: inside.checks.failed }),
  "process.logErrors": (look) => lines(look, "errors"),
  "process.logWarnings": (look) => lines(look, "warnings"),
};
