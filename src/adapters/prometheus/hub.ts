// How do many services share the questions to one Prometheus?
import { ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { Patience } from "../../ports/waiting.ts";
import { askRange, askType, type RangeAnswer, type Server, type TimedSeries } from "./answer.ts";
import { questionFor, type Wanted, type Whose } from "./question.ts";

/** What was found of whom, and when. */
export interface Found {
  /** By the clock here, when it was asked; when that had failed, if it did. */
  readonly beganMs: Ms;
  /** By the server's clock, when it answered. */
  readonly serverMs: Ms;
  readonly series: readonly TimedSeries[];
  /** Why nothing could be read. */
  readonly why?: string | undefined;
}

export interface HubOptions {
  readonly clock: Clock;
  readonly server: Server;
  readonly everyMs: Ms;
  readonly windowMs: Ms;
  /** How long those who ask for the same are waited for. Default 50 ms. */
  readonly gatherMs?: Ms | undefined;
}

/** So many replicas are named in one question, and so many questions are asked at a time. */
const MOST_NAMED = 2_000;
const AT_A_TIME = 4;
/** What nobody has wanted for so many periods is forgotten. */
const FORGOTTEN = 3;
const TYPES_MS = 600_000;
const NOT_YET = "has not answered yet";

/** Why nothing is known; its words follow the address. */
interface NotYet {
  readonly why: string;
}

interface Ask {
  readonly whose: Whose;
  wantedMs: Ms;
  found?: Found | undefined;
  /** By the clock here, when it was answered. */
  foundMs?: Ms | undefined;
}

/** What is known of a metric's type. */
interface Typed {
  /** While it is asked for. */
  asking?: Promise<void> | undefined;
  /** The type, if the server knows it, and how long that holds. */
  said?: { readonly type: string | undefined; readonly fromMs: Ms; readonly holdsMs: number } | undefined;
}

interface Line {
  readonly wanted: Wanted;
  readonly asks: Map<string, Ask>;
  running?: Promise<void> | undefined;
}

/**
 * One question for all who want the same series in the same period, named in it by what tells their replicas; the answer
 * is shared out by these labels. A question goes on by itself; who comes for something younger than twice the period gets
 * that at once, and so does who comes after a failure. Nobody waits for a silent server for longer than a little.
 */
export class Hub {
  readonly #options: HubOptions;
  readonly #lines = new Map<string, Line>();
  readonly #types = new Map<string, Typed>();
  readonly #patience: Patience;
  #free = AT_A_TIME;
  readonly #queue: (() => void)[] = [];
  /** Requests made so far. */
  requests = 0;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#patience = new Patience(options.clock);
  }

  get everyMs(): Ms {
    return this.#options.everyMs;
  }

  /** Where it asks, for texts. */
  get address(): string {
    return this.#options.server.url;
  }

  /** What is known of each of them, in their order. */
  async of(wanted: Wanted, whose: readonly Whose[]): Promise<readonly Found[]> {
    const line = this.#lineOf(wanted);
    const now = this.#options.clock.now();
    const asks = whose.map((one) => askOf(line, one, now));
    if (asks.every(({ found }) => this.#isYounger(found?.beganMs, this.#options.everyMs))) return asks.map(foundOf);
    const known = (): readonly Found[] => asks.map((ask) => this.#known(ask));
    const running = line.running ?? this.#start(line);
    // Whoever failed last is not waited for: what failed is told until there is something else.
    if (asks.some(({ found }) => found?.why !== undefined) || asks.every((ask) => this.#holds(ask))) return known();
    const isOver = await this.#patience.endsSoon(running);
    // A question that was under way did not name who came since.
    if (isOver && asks.some(({ found }) => found === undefined))
      await this.#patience.endsSoon(line.running ?? this.#start(line));
    return known();
  }

  /** What a metric is, where the server knows it. */
  async typeOf(metric: string): Promise<{ readonly type: string | undefined } | NotYet> {
    const typed: Typed = this.#types.get(metric) ?? {};
    this.#types.set(metric, typed);
    if (!this.#isYounger(typed.said?.fromMs, typed.said?.holdsMs ?? 0)) typed.asking ??= this.#askType(metric, typed);
    if (!typed.said && typed.asking) await this.#patience.endsSoon(typed.asking);
    return typed.said ?? { why: NOT_YET };
  }

  async #askType(metric: string, typed: Typed): Promise<void> {
    const { clock, server, everyMs } = this.#options;
    this.requests += 1;
    const type = await askType(server, metric);
    // Where nobody has told of it yet, somebody may soon.
    typed.said = { type, fromMs: clock.now(), holdsMs: type === undefined ? 12 * everyMs : TYPES_MS };
    typed.asking = undefined;
  }

  #isYounger(momentMs: Ms | undefined, belowMs: number): boolean {
    return momentMs !== undefined && Math.abs(this.#options.clock.now() - momentMs) < belowMs;
  }

  /** However long an answer took, it is one for a while. */
  #holds({ foundMs }: Ask): boolean {
    return this.#isYounger(foundMs, 2 * this.#options.everyMs);
  }

  #known(ask: Ask): Found {
    if (ask.found && (ask.found.why !== undefined || this.#holds(ask))) return ask.found;
    const now = this.#options.clock.now();
    return { beganMs: now, serverMs: now, series: [], why: NOT_YET };
  }

  #lineOf(wanted: Wanted): Line {
    const key = JSON.stringify([wanted.selector, wanted.isHistogram]);
    const line = this.#lines.get(key) ?? { wanted, asks: new Map<string, Ask>() };
    this.#lines.set(key, line);
    return line;
  }

  #start(line: Line): Promise<void> {
    const running = this.#run(line).finally(() => {
      line.running = undefined;
    });
    line.running = running;
    return running;
  }

  async #run(line: Line): Promise<void> {
    const { clock, everyMs, gatherMs = ms(50) } = this.#options;
    await clock.sleep(gatherMs);
    const now = clock.now();
    // Whoever was never answered may still wait, however long the machine took to come here.
    for (const [key, { wantedMs, found }] of line.asks)
      if (found && Math.abs(now - wantedMs) > FORGOTTEN * everyMs) line.asks.delete(key);
    // Whoever is due soon comes along: so all are asked for together again.
    const due = [...line.asks.values()].filter(({ found }) => !found || Math.abs(now - found.beganMs) >= everyMs / 2);
    await Promise.all(chunked(due).map((asks) => this.#askFor(line, asks)));
  }

  async #askFor({ wanted }: Line, asks: readonly Ask[]): Promise<void> {
    const { clock, server, windowMs } = this.#options;
    const whose = asks.map((ask) => ask.whose);
    await this.#turn();
    const beganMs = clock.now();
    this.requests += 1;
    let answer: RangeAnswer;
    try {
      answer = await askRange(server, questionFor(wanted, whose, windowMs));
    } finally {
      this.#next();
    }
    const foundMs = clock.now();
    const serverMs = answer.ok && answer.dateMs !== undefined ? answer.dateMs : foundMs;
    for (const ask of asks) ask.foundMs = foundMs;
    if (!answer.ok) {
      for (const ask of asks) ask.found = { beganMs: foundMs, serverMs, series: [], why: answer.why };
      return;
    }
    const byLabels = shared(answer.series, Object.keys(whose[0] ?? {}));
    for (const ask of asks) ask.found = { beganMs, serverMs, series: byLabels.get(keyOf(ask.whose)) ?? [] };
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else
      await new Promise<void>((resolve) => {
        this.#queue.push(resolve);
      });
  }

  #next(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#free += 1;
  }
}

const keyOf = (whose: Whose): string => JSON.stringify(Object.values(whose));
const foundOf = ({ found }: Ask): Found => {
  if (!found) throw new Error("asked for, and not answered");
  return found;
};

function askOf(line: Line, whose: Whose, now: Ms): Ask {
  const key = JSON.stringify(whose);
  const ask: Ask = line.asks.get(key) ?? { whose, wantedMs: now };
  ask.wantedMs = now;
  line.asks.set(key, ask);
  return ask;
}

/** Those who are told by the same labels, so many at a time. */
function chunked(asks: readonly Ask[]): readonly (readonly Ask[])[] {
  const groups = Map.groupBy(asks, ({ whose }) => JSON.stringify(Object.keys(whose)));
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / MOST_NAMED) }, (_, index) =>
      group.slice(index * MOST_NAMED, (index + 1) * MOST_NAMED),
    ),
  );
}

/** Series by the values of these labels. */
function shared(all: readonly TimedSeries[], names: readonly string[]): ReadonlyMap<string, readonly TimedSeries[]> {
  return Map.groupBy(all, ({ labels }) => JSON.stringify(names.map((name) => labels[name] ?? "")));
}
