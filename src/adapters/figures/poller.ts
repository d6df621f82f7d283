// How do single figures, asked for again and again, become what a service's pools tell?
import { messageOf } from "../../core/issues.ts";
import { duration, ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import type { SignalSource } from "../../ports/signals.ts";
import { Patience } from "../../ports/waiting.ts";
import { FigureSignals } from "./signals.ts";

export interface PollerOptions {
  readonly figures: FigureSource;
  readonly clock: Clock;
  /** From question to question. */
  readonly everyMs: Ms;
  /** So late the figures of a moment are complete. Default 0. */
  readonly delayMs?: Ms | undefined;
  /** How long an answer may take. Default 10 s. */
  readonly timeoutMs?: Ms | undefined;
  /** How long those who ask are gathered, to be asked for together. Default 50 ms. */
  readonly gatherMs?: Ms | undefined;
}

/** Whom a service's figures are read for. */
export interface Polled {
  readonly service: string;
  /** The source, as the service's file calls it. */
  readonly name: string;
  /** Whether `series`, `good`, `bad` and `total` are questions too; else they are somebody else's. */
  readonly all: boolean;
}

interface Waiting {
  readonly asked: readonly FigureAsked[];
  readonly done: (answers: readonly Figure[]) => void;
}

/**
 * Asks one source for all services. Intervals end at the same moments for all of them, every `everyMs`, so that the same
 * question is the same; what several want to know at about the same time is asked in one batch.
 */
export class Poller {
  readonly #options: PollerOptions;
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  /** How long its answers are waited for. */
  readonly patience: Patience;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.patience = new Patience(options.clock);
  }

  /** What this source tells of a service's pools. */
  signals(polled: Polled): SignalSource {
    return new FigureSignals(this, polled);
  }

  get kind(): string {
    return this.#options.figures.kind;
  }

  get everyMs(): Ms {
    return this.#options.everyMs;
  }

  now(): Ms {
    return this.#options.clock.now();
  }

  /** The end of the last interval whose figures are complete. */
  due(): Ms {
    const { everyMs, delayMs = 0 } = this.#options;
    return ms(Math.floor((this.now() - delayMs) / everyMs) * everyMs);
  }

  /** One figure per question, in their order. Never rejects. */
  async ask(asked: readonly FigureAsked[]): Promise<readonly Figure[]> {
    if (asked.length === 0) return [];
    return new Promise((done) => {
      this.#waiting.push({ asked, done });
      if (this.#waiting.length === 1) void this.#flush();
    });
  }

  close(): void {
    this.#closing.abort(new Error("closed"));
    this.#options.figures.close?.();
  }

  async #flush(): Promise<void> {
    const { clock, gatherMs = ms(50), figures, timeoutMs = ms(10_000) } = this.#options;
    await clock.sleep(gatherMs);
    const waiting = this.#waiting;
    this.#waiting = [];
    const late = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([this.#closing.signal, late]);
    const all = waiting.flatMap(({ asked }) => asked);
    const answers = await figures.ask(all, { signal }).catch((error: unknown) => {
      const lateText = `has not answered within ${duration(timeoutMs)}`;
      const why = this.#closing.signal.aborted ? "is asked no more" : late.aborted ? lateText : messageOf(error);
      return all.map((): Figure => ({ ok: false, why }));
    });
    let at = 0;
    for (const { asked, done } of waiting) {
      const own = answers.slice(at, (at += asked.length));
      done(asked.map((_, index): Figure => sound(own[index])));
    }
  }
}

/** A figure that is none is a reason. */
function sound(figure: Figure | undefined): Figure {
  if (figure === undefined) return { ok: false, why: "answered fewer questions than it was asked" };
  if (figure.ok && !Number.isFinite(figure.value))
    return { ok: false, why: `answered ${figure.value}, which is no number` };
  return figure;
}
