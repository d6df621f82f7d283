// What does a Prometheus tell of a service's replicas?
import { readSelector } from "../../core/exposition/selector.ts";
import { readSignalName } from "../../core/signal-names.ts";
import type { Reading, Signals, SignalSeries, SignalWanted } from "../../core/signals.ts";
import { duration, ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import type { AskedPool, SignalSource } from "../../ports/signals.ts";
import { withCall } from "../../ports/waiting.ts";
import type { Found, Hub } from "./hub.ts";
import { Ledger, shown, type Told } from "./ledger.ts";
import { labelsOf, metricOf } from "./question.ts";
import { unitsOf, type Matching, type Unit } from "./whose.ts";

export interface PrometheusSourceOptions {
  /** As the file calls it. */
  readonly name: string;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly matching: Matching;
  /** How much later than a scrape its samples can be read. */
  readonly delayMs?: Ms | undefined;
}

/**
 * Reads raw samples, with the moments at which they were taken, and adds up what is new. A reading is there once every
 * replica that is scraped has been scraped again: the arms are compared over the same time.
 */
export function createPrometheusSource(options: PrometheusSourceOptions): SignalSource {
  return new PrometheusSignals(options);
}

/** Who has not been scraped for so many of its intervals, and a little, is not scraped any more. */
const MISSED = 3;
const SLACK_MS = 2_000;

interface Asked extends SignalWanted {
  readonly selector: string;
}

/** All that was found, name by name and unit by unit. */
interface Answers {
  readonly asked: readonly Asked[];
  readonly units: readonly Unit[];
  /** Of each name, of each unit, by each of its labels. */
  readonly found: readonly (readonly (readonly Found[])[])[];
}

/** What became of one unit. */
interface Outcome {
  readonly unit: Unit;
  readonly values: Readonly<Record<string, Reading>>;
  readonly troubles: readonly string[];
  /** When each value was sampled, by name. */
  readonly sampled: Readonly<Record<string, number>>;
}

/** Why a question that followed from others has no answer. */
interface Unanswered {
  readonly why: string;
}

interface Published {
  readonly signals: Signals;
  readonly sampled: ReadonlyMap<string, number>;
}

class PrometheusSignals implements SignalSource {
  readonly kind: string;
  readonly #options: PrometheusSourceOptions;
  readonly #startedMs: Ms;
  readonly #ledgers = new Map<string, Ledger>();
  #last: Published | undefined;
  /** What the last reading was made from. */
  #stamp = "";
  /** What is answered until something newer can have been found. */
  #known: { readonly about: string; readonly beganMs: number; readonly observed: Observed<Signals> } | undefined;

  constructor(options: PrometheusSourceOptions) {
    this.kind = `@${options.name}`;
    this.#options = options;
    this.#startedMs = options.clock.now();
  }

  covers(name: string): boolean {
    const read = readSignalName(name);
    return read?.source === this.#options.name && read.asks === "series";
  }

  async read(wanted: readonly SignalWanted[], pools: readonly AskedPool[], call: Call): Promise<Observed<Signals>> {
    call.signal.throwIfAborted();
    const about = aboutOf(wanted, pools);
    // Whoever looks twice a second finds out cheaply that there is nothing new.
    if (this.#known?.about === about && this.#isYoung(this.#known.beganMs)) return this.#known.observed;
    return this.#look(wanted, pools, { call, about });
  }

  #isYoung(beganMs: number): boolean {
    return Math.abs(this.#options.clock.now() - beganMs) < this.#options.hub.everyMs;
  }

  async #look(
    wanted: readonly SignalWanted[],
    pools: readonly AskedPool[],
    { call, about }: Looking,
  ): Promise<Observed<Signals>> {
    const asked = wanted.filter(({ name }) => this.covers(name)).map(askedOf);
    const units = unitsOf(pools, this.#options.matching);
    if (asked.length === 0 || units.length === 0)
      return seen({ at: this.#last?.signals.at ?? this.#startedMs, series: [], troubles: [] });
    const answers = await withCall(this.#ask(asked, units), call);
    const failed = answers.found.flat(2).find(({ why }) => why !== undefined);
    // One that is missing would seem to be 0 beside the others.
    if (failed) return this.#unanswered(failed.why ?? "");
    const stamp = JSON.stringify([
      asked.map(({ name }) => name),
      units.map(({ replica }) => replica),
      newestOf(answers),
    ]);
    if (this.#last && this.#stamp === stamp) return seen(this.#last.signals);
    const outcomes = await withCall(this.#outcomes(answers), call);
    if ("why" in outcomes) return this.#unanswered(outcomes.why);
    this.#stamp = stamp;
    this.#forgetOthers(pools);
    const observed = seen(this.#publish(outcomes, answers));
    this.#known = { about, beganMs: oldestOf(answers), observed };
    return observed;
  }

  #unanswered(why: string): Observed<Signals> {
    return unreadable(`${this.#options.hub.address} ${why}`);
  }

  async #ask(asked: readonly Asked[], units: readonly Unit[]): Promise<Answers> {
    const { hub } = this.#options;
    const whose = units.flatMap((unit) => unit.whose);
    const found = await Promise.all(
      asked.map(async ({ selector, kind }) => {
        const all = await hub.of({ selector, isHistogram: kind === "histogram" }, whose);
        let at = 0;
        return units.map((unit) => all.slice(at, (at += unit.whose.length)));
      }),
    );
    return { asked, units, found };
  }

  async #outcomes({ asked, units, found }: Answers): Promise<readonly Outcome[] | Unanswered> {
    const types = await Promise.all(asked.map(({ selector }) => this.#options.hub.typeOf(metricOf(selector))));
    const unknown = types.find((one) => "why" in one);
    if (unknown) return unknown;
    const outcomes = await Promise.all(
      units.map((unit, unitIndex) => {
        const ledger = this.#ledgerOf(unit);
        const told = asked.map((one, index): Told => {
          const said = types[index];
          const mistaken = mistakenFor(one, said && "type" in said ? said.type : undefined);
          if (mistaken !== undefined) return { why: mistaken };
          return ledger.read(one, found[index]?.[unitIndex]?.flatMap(({ series }) => series) ?? []);
        });
        const serverMs = Math.max(...found.flatMap((of) => of[unitIndex]?.map((one) => one.serverMs) ?? []));
        return this.#outcome({ unit, ledger, asked, told, serverMs });
      }),
    );
    return outcomes.find((one) => "why" in one) ?? outcomes.flatMap((one) => ("why" in one ? [] : [one]));
  }

  #ledgerOf(unit: Unit): Ledger {
    const { readySinceMs } = unit;
    // What counts for a pool may be older than the pool: a proxy's counters, by role. Under another role it is another.
    const isPool = unit.replica === unit.pool;
    const key = JSON.stringify([unit.pool, unit.replica, ...(isPool ? unit.whose : [])]);
    const isYoung = !isPool && readySinceMs !== undefined && readySinceMs > this.#startedMs;
    const ledger =
      this.#ledgers.get(key) ??
      new Ledger({
        fromMs: readySinceMs ?? 0,
        isYoung,
        isAddress: unit.whose.every(({ instance }) => instance !== undefined),
      });
    this.#ledgers.set(key, ledger);
    return ledger;
  }

  #forgetOthers(pools: readonly AskedPool[]): void {
    const alive = new Set(
      pools.flatMap(({ pool, replicas }) => [pool, ...replicas.map(({ id }) => id)].map((id) => `${pool}\n${id}`)),
    );
    for (const key of this.#ledgers.keys()) {
      const [pool, id] = JSON.parse(key) as readonly [string, string];
      if (!alive.has(`${pool}\n${id}`)) this.#ledgers.delete(key);
    }
  }

  async #outcome(of: Taken): Promise<Outcome | Unanswered> {
    const { unit, ledger, asked, told, serverMs } = of;
    const now = serverMs - (this.#options.delayMs ?? 0);
    const isFresh = ({ newestMs, rhythmMs = 0 }: Told): boolean =>
      newestMs !== undefined && (rhythmMs === 0 || now - newestMs <= MISSED * rhythmMs + SLACK_MS);
    const newestMs = Math.max(...told.map((one) => one.newestMs ?? 0));
    const alive = told.some(isFresh);
    if (!alive && told.some(({ isUnknown, newestMs: at }) => isUnknown === true || at !== undefined))
      return {
        unit,
        values: {},
        sampled: {},
        troubles: [`${this.kind}: ${goneText(unit, newestMs > 0 ? now - newestMs : undefined)}`],
      };
    const values: Record<string, Reading> = {};
    const sampled: Record<string, number> = {};
    const troubles: string[] = [];
    for (const [index, { name, kind, selector }] of asked.entries()) {
      const one = told[index] ?? {};
      const reading = one.isUnknown && kind === "counter" ? await this.#zero(selector, unit) : one;
      if ("unanswered" in reading) return { why: reading.unanswered };
      if (reading.reading === undefined) troubles.push(`${name}: ${unit.replica} ${reading.why ?? ""}`);
      else if (kind === "gauge" && !isFresh(one))
        troubles.push(`${name}: ${unit.replica} told it last ${ago(now - (one.newestMs ?? 0))} ago`);
      else {
        values[name] = reading.reading;
        if (isFresh(one)) sampled[name] = one.newestMs ?? 0;
      }
    }
    if (alive) ledger.sawAll(asked.map(({ name }) => name));
    return { unit, values, troubles, sampled };
  }

  /** A series begins when it first counts: where its metric is there, and all its labels, it stands at 0. */
  async #zero(selector: string, unit: Unit): Promise<Told | { readonly unanswered: string }> {
    const metric = metricOf(selector);
    const found = await this.#options.hub.of({ selector: metric, isHistogram: false }, unit.whose);
    const unanswered = found.find(({ why }) => why !== undefined)?.why;
    if (unanswered !== undefined) return { unanswered };
    const all = found.flatMap(({ series }) => series);
    const [first] = all;
    if (!first) return { why: `has no ${metric}` };
    const isKnown = labelsOf(selector).every((label) => all.some(({ labels }) => labels[label] !== undefined));
    if (isKnown) return { reading: { kind: "counter", value: 0 } };
    return { why: `has no such series, but for instance ${shown(first.labels)}` };
  }

  #publish(outcomes: readonly Outcome[], answers: Answers): Signals {
    const sampled = new Map(
      outcomes.flatMap(({ unit, sampled: own }) =>
        Object.entries(own).map(([name, at]) => [JSON.stringify([unit.pool, unit.replica, name]), at] as const),
      ),
    );
    const troubles = outcomes.flatMap((outcome) => outcome.troubles);
    const series = outcomes.flatMap(({ unit: { replica, pool }, values }): SignalSeries[] => {
      return Object.keys(values).length === 0 ? [] : [{ replica, pool, epoch: String(this.#startedMs), values }];
    });
    const serverMs = Math.max(...answers.found.flat(2).map((one) => one.serverMs));
    const at = ms(Math.max(...(sampled.size > 0 ? sampled.values() : [serverMs])));
    const last = this.#last;
    if (last && at <= last.signals.at) return last.signals;
    // Who is not scraped any more is not waited for; it has no moment of its own now.
    const waits = last && [...sampled].some(([key, moment]) => (last.sampled.get(key) ?? 0) >= moment);
    if (waits) return last.signals;
    const signals = { at, series, troubles };
    this.#last = { signals, sampled };
    return signals;
  }
}

interface Looking {
  readonly call: Call;
  readonly about: string;
}

/** Whom a reading is about, and what it is of. */
function aboutOf(wanted: readonly SignalWanted[], pools: readonly AskedPool[]): string {
  let about = "";
  for (const { name } of wanted) about += `${name}\n`;
  for (const { pool, role = "", replicas } of pools) {
    about += `${pool} ${role}\n`;
    for (const { id, state, port } of replicas) about += `${id} ${state} ${port}\n`;
  }
  return about;
}

interface Taken {
  readonly unit: Unit;
  readonly ledger: Ledger;
  readonly asked: readonly Asked[];
  readonly told: readonly Told[];
  readonly serverMs: number;
}

function askedOf({ name, kind }: SignalWanted): Asked {
  return { name, kind, selector: readSignalName(name)?.text ?? "" };
}

const oldestOf = ({ found }: Answers): number => Math.min(...found.flat(2).map(({ beganMs }) => beganMs));
const newestOf = ({ found }: Answers): number => Math.max(...found.flat(2).map(({ beganMs }) => beganMs));

const ago = (lastingMs: number): string => duration(ms(Math.max(0, Math.round(lastingMs / 1_000) * 1_000)));

function goneText({ replica, whose }: Unit, sinceMs: number | undefined): string {
  const labels = whose.map((one) => shown(one)).join(" or ");
  return `${replica} ${sinceMs === undefined ? "has no samples" : `was last scraped ${ago(sinceMs)} ago`} (${labels})`;
}

const KINDS: Readonly<Record<string, readonly SignalWanted["kind"][]>> = {
  counter: ["counter"],
  gauge: ["gauge"],
  gaugehistogram: [],
  histogram: ["histogram", "counter"],
  summary: ["gauge", "counter"],
};

/** Why a metric is not what it is taken for, by the server's own word. */
function mistakenFor({ kind, selector }: Asked, type: string | undefined): string | undefined {
  const kinds = type === undefined ? undefined : KINDS[type];
  if (kinds === undefined || kinds.includes(kind)) return undefined;
  const read = readSelector(selector);
  return `gives ${read.ok ? read.selector.metric : selector} as a ${type ?? ""}, not as a ${kind}`;
}
