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
import type { Polled, Poller } from "./poller.ts";

/** One question about one pool. */
interface Question {
  readonly name: string;
  readonly kind: "gauge" | "counter";
  readonly pool: string;
  readonly query: string;
}

/** How much a pool has counted, and until when. */
interface Ledger {
  readonly untilMs: Ms;
  readonly totals: Readonly<Record<string, number>>;
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
  readonly #ledgers = new Map<string, Ledger>();
  #round: Round | undefined;
  #last: Found | undefined;

  constructor(poller: Poller, polled: Polled) {
    this.#poller = poller;
    this.#polled = polled;
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
    const of = tellsPools(text) ? there : [there.find(({ role }) => role === "stable") ?? there[0]];
    return of.flatMap((pool): Question[] => {
      if (!pool) return [];
      const { service } = this.#polled;
      const query = placed(text, { service, pool: pool.pool, revision: pool.revision, role: pool.role });
      return query === undefined ? [] : [{ name, kind, pool: pool.pool, query }];
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
    // A pool that is new has been counted since the reading before, or from now on if there is none.
    const before = Math.max(...[...this.#ledgers.values()].map(({ untilMs }) => untilMs), Number.NEGATIVE_INFINITY);
    for (const { pool } of asked)
      if (!this.#ledgers.has(pool)) this.#ledgers.set(pool, { untilMs: ms(before > 0 ? before : toMs), totals: {} });
    const due = asked.filter(({ kind, pool }) => kind === "gauge" || this.#fromOf(pool, toMs) < toMs);
    const answers = await this.#poller.ask(due.map((one) => this.#figureAsked(one, toMs)));
    const answered = new Map(
      due.map((one, index) => [one, answers[index] ?? { ok: false as const, why: "was not asked" }]),
    );
    const troubles = [...round.mine.flatMap(impossible), ...this.#troubles(answered)];
    const failed = [...answered.values()].flatMap((figure) => (figure.ok ? [] : [figure.why]));
    if (answered.size > 0 && failed.length === answered.size)
      return unreadable(`${this.#polled.name} ${failed[0] ?? ""}`);
    const series = [...Map.groupBy(asked, ({ pool }) => pool)].flatMap(([pool, own]) =>
      this.#seriesOf(pool, own, { answered, toMs }),
    );
    return seen({ at: toMs, series, troubles });
  }

  #fromOf(pool: string, toMs: Ms): Ms {
    return this.#ledgers.get(pool)?.untilMs ?? toMs;
  }

  #figureAsked({ query, kind, pool }: Question, toMs: Ms): FigureAsked {
    const fromMs = kind === "counter" ? this.#fromOf(pool, toMs) : ms(toMs - this.#poller.everyMs);
    return { query, as: kind === "counter" ? "count" : "level", fromMs, toMs };
  }

  #troubles(answered: ReadonlyMap<Question, Figure>): readonly string[] {
    return [...answered].flatMap(([{ name, pool, kind }, figure]) => {
      if (!figure.ok) return [`${name}: ${pool}: ${this.#polled.name} ${figure.why}`];
      const isLess = kind === "counter" && figure.value < 0;
      return isLess ? [`${name}: ${pool}: ${this.#polled.name} counted ${figure.value}, less than nothing`] : [];
    });
  }

  /** Nothing of a pool whose counts are not all there. */
  #seriesOf(
    pool: string,
    asked: readonly Question[],
    { answered, toMs }: { readonly answered: ReadonlyMap<Question, Figure>; readonly toMs: Ms },
  ): readonly SignalSeries[] {
    const values: Record<string, Reading> = {};
    const ledger = this.#ledgers.get(pool) ?? { untilMs: toMs, totals: {} };
    const totals: Record<string, number> = { ...ledger.totals };
    const isDue = ledger.untilMs < toMs;
    for (const one of asked) {
      const figure = answered.get(one);
      if (one.kind === "gauge") {
        if (figure?.ok) values[one.name] = { kind: "gauge", value: figure.value };
        continue;
      }
      if (isDue && (!figure?.ok || figure.value < 0)) return [];
      const value = (totals[one.name] ?? 0) + (figure?.ok ? figure.value : 0);
      totals[one.name] = value;
      values[one.name] = { kind: "counter", value };
    }
    this.#ledgers.set(pool, { untilMs: toMs, totals });
    return Object.keys(values).length === 0 ? [] : [{ replica: pool, pool, epoch: this.#epoch, values }];
  }
}

const impossible = ({ name, kind }: SignalWanted): readonly string[] =>
  kind === "histogram" ? [`${name}: a single figure is no histogram`] : [];
