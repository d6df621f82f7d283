// What do single figures tell of a service's pools?
import { placed, tellsPools } from "../../core/placeholders.ts";
import { readSignalName } from "../../core/signal-names.ts";
import type { Reading, Signals, SignalSeries, SignalWanted } from "../../core/signals.ts";
import { ms, type Ms } from "../../core/units.ts";
import { readyAmong } from "../../core/world.ts";
import type { Figure, FigureAsked } from "../../ports/figures.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import { withCall } from "../../ports/waiting.ts";
import type { AskedPool, SignalSource } from "../../ports/signals.ts";
import { type Ledger, Ledgers } from "./ledgers.ts";
import type { Polled, Poller } from "./poller.ts";

/** One question about one pool. */
interface Question {
  readonly name: string;
  readonly kind: "gauge" | "counter";
  readonly pool: string;
  readonly query: string;
  /** Whether it is about that pool, and not about all of the service. */
  readonly ofPool: boolean;
}

/** What was asked at once, of which ledgers, and what was said. */
interface Asking {
  readonly toMs: Ms;
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly answered: ReadonlyMap<Question, Figure>;
}

interface Round {
  readonly key: string;
  readonly toMs: Ms;
  readonly done: Promise<Observed<Signals>>;
}

interface Found {
  readonly key: string;
  readonly toMs: Ms;
  readonly foundMs: Ms;
  readonly observed: Observed<Signals>;
}

/**
 * One row per pool: a level as it was at the end of the interval, a count added to those before. The counts of a pool are
 * taken all together or not at all, for a part without its whole would be a lie; what could not be had is asked for again
 * with the next interval, which begins where the last one ended that was answered.
 */
export class FigureSignals implements SignalSource {
  readonly kind: string;
  readonly #poller: Poller;
  readonly #polled: Polled;
  readonly #epoch: string;
  readonly #ledgers: Ledgers;
  #round: Round | undefined;
  #last: Found | undefined;

  constructor(poller: Poller, polled: Polled) {
    this.#poller = poller;
    this.#polled = polled;
    this.#ledgers = new Ledgers(poller.everyMs);
    this.#epoch = String(poller.now());
    this.kind = polled.all ? `@${polled.name}` : `@${polled.name} =`;
  }

  covers(name: string): boolean {
    const read = readSignalName(name);
    return read?.source === this.#polled.name && (this.#polled.all || read.asks === "query");
  }

  async read(wanted: readonly SignalWanted[], pools: readonly AskedPool[], call: Call): Promise<Observed<Signals>> {
    call.signal.throwIfAborted();
    const toMs = this.#poller.due();
    this.#ledgers.keepTo(pools, this.#poller.now());
    const mine = wanted.filter(({ name }) => this.covers(name));
    const asked = mine.flatMap((one) => this.#questionsOf(one, pools));
    if (asked.length === 0) return seen({ at: toMs, series: [], troubles: mine.flatMap(impossible) });
    const key = JSON.stringify(asked);
    const last = this.#last?.key === key ? this.#last : undefined;
    if (last && last.toMs >= toMs) return last.observed;
    const running = this.#round?.key === key ? this.#round : this.#begin(asked, { key, toMs, mine });
    if (last && this.#holds(last, toMs)) return last.observed;
    const isOver = await withCall(this.#poller.patience.endsSoon(running.done), call);
    return isOver ? running.done : unreadable(`${this.#polled.name} has not answered yet`);
  }

  /** What failed is told until there is something else; an answer is one for a while, however long it took. */
  #holds({ observed, toMs, foundMs }: Found, dueMs: Ms): boolean {
    const { everyMs } = this.#poller;
    return observed.kind === "unreadable" || Math.min(dueMs - toMs, this.#poller.now() - foundMs) < 2 * everyMs;
  }

  /** What is about no pool is asked once, and told with the first one: stable's, if there is one. */
  #questionsOf({ name, kind }: SignalWanted, pools: readonly AskedPool[]): readonly Question[] {
    const text = readSignalName(name)?.text ?? "";
    if (kind === "histogram") return [];
    const there = pools.filter(({ replicas }) => readyAmong(replicas).length > 0);
    const ofPool = tellsPools(text);
    const of = ofPool ? there : [there.find(({ role }) => role === "stable") ?? there[0]];
    return of.flatMap((pool): Question[] => {
      if (!pool) return [];
      const { service } = this.#polled;
      const query = placed(text, { service, pool: pool.pool, revision: pool.revision, role: pool.role });
      return query === undefined ? [] : [{ name, kind, pool: pool.pool, query, ofPool }];
    });
  }

  #begin(asked: readonly Question[], round: Omit<Round, "done"> & { readonly mine: readonly SignalWanted[] }): Round {
    const { key, toMs } = round;
    const done = this.#ask(asked, round).then((observed) => {
      // A round for other questions may have begun since; the later one stays.
      if (this.#round === begun) {
        this.#last = { key, toMs, observed, foundMs: this.#poller.now() };
        this.#round = undefined;
      }
      return observed;
    });
    const begun: Round = { key, toMs, done };
    this.#round = begun;
    return begun;
  }

  /** Never rejects. */
  async #ask(asked: readonly Question[], round: { readonly toMs: Ms; readonly mine: readonly SignalWanted[] }) {
    const { toMs } = round;
    const ledgers = this.#ledgers.of(new Set(asked.map(({ pool }) => pool)), toMs);
    const due = asked.filter((one) => this.#isDue(one, { toMs, ledgers }));
    const answers = await this.#poller.ask(due.map((one) => this.#figureAsked(one, { toMs, ledgers })));
    const answered = new Map(
      due.map((one, index) => [one, answers[index] ?? { ok: false as const, why: "was not asked" }]),
    );
    const troubles = [
      ...round.mine.flatMap(impossible),
      ...asked.flatMap((one) => this.#early(one, toMs)),
      ...this.#troubles(answered),
    ];
    const failed = [...answered.values()].flatMap((figure) => (figure.ok ? [] : [figure.why]));
    if (answered.size > 0 && failed.length === answered.size)
      return unreadable(`${this.#polled.name} ${failed[0] ?? ""}`);
    const series = [...Map.groupBy(asked, ({ pool }) => pool)].flatMap(([pool, own]) =>
      this.#seriesOf(pool, own, { answered, ledgers, toMs }),
    );
    return seen({ at: toMs, series, troubles });
  }

  #isDue({ kind, pool, ofPool }: Question, { toMs, ledgers }: Omit<Asking, "answered">): boolean {
    if (kind === "gauge") return !ofPool || this.#ledgers.isOwn(pool, toMs);
    return (ledgers.get(pool)?.untilMs ?? toMs) < toMs;
  }

  #figureAsked({ query, kind, pool }: Question, { toMs, ledgers }: Omit<Asking, "answered">): FigureAsked {
    const levelMs = ms(toMs - this.#poller.everyMs);
    const fromMs = kind === "counter" ? (ledgers.get(pool)?.untilMs ?? toMs) : levelMs;
    return { query, as: kind === "counter" ? "count" : "level", fromMs, toMs };
  }

  /** Why nothing was asked of a pool that is new. */
  #early({ name, pool, kind, ofPool }: Question, toMs: Ms): readonly string[] {
    if ((kind === "gauge" && !ofPool) || this.#ledgers.isOwn(pool, toMs)) return [];
    return [`${name}: ${pool} is asked about after its first whole interval`];
  }

  #troubles(answered: ReadonlyMap<Question, Figure>): readonly string[] {
    return [...answered].flatMap(([{ name, pool, kind }, figure]) => {
      if (!figure.ok) return [`${name}: ${pool}: ${this.#polled.name} ${figure.why}`];
      const isLess = kind === "counter" && figure.value < 0;
      return isLess ? [`${name}: ${pool}: ${this.#polled.name} counted ${figure.value}, less than nothing`] : [];
    });
  }

  #seriesOf(pool: string, asked: readonly Question[], asking: Asking): readonly SignalSeries[] {
    const levels = asked.flatMap((one) => {
      const figure = asking.answered.get(one);
      return one.kind === "gauge" && figure?.ok ? [[one.name, { kind: "gauge", value: figure.value }] as const] : [];
    });
    const counters = asked.filter(({ kind }) => kind === "counter");
    const counts = this.#countsOf(pool, counters, asking);
    if (!counts) return [];
    const values: Readonly<Record<string, Reading>> = Object.fromEntries([...levels, ...counts]);
    return Object.keys(values).length === 0 ? [] : [{ replica: pool, pool, epoch: this.#epoch, values }];
  }

  /** Nothing when they are not all there. */
  #countsOf(pool: string, asked: readonly Question[], { answered, ledgers, toMs }: Asking) {
    const ledger = ledgers.get(pool);
    if (!ledger) return undefined;
    // Before it begins it has no counts, and lacks none.
    if (ledger.untilMs > toMs) return [];
    const totals: Record<string, number> = { ...ledger.totals };
    for (const one of asked) {
      const figure = answered.get(one);
      if (ledger.untilMs < toMs && (!figure?.ok || figure.value < 0)) return undefined;
      totals[one.name] = (totals[one.name] ?? 0) + (figure?.ok ? figure.value : 0);
    }
    // Another round may have counted the same interval by now, and the pool may be gone.
    const now = this.#ledgers.add(pool, ledger, { untilMs: toMs, totals });
    if (now?.untilMs !== toMs) return undefined;
    const counts = asked.map(({ name }) => [name, { kind: "counter", value: now.totals[name] ?? Number.NaN }] as const);
    return counts.some(([, { value }]) => Number.isNaN(value)) ? undefined : counts;
  }
}

const impossible = ({ name, kind }: SignalWanted): readonly string[] =>
  kind === "histogram" ? [`${name}: a single figure is no histogram`] : [];
