// How is a round of questions asked, with one time limit, and with secrets that stay untold?
import { duration, ms, type Ms } from "../../core/units.ts";
import { wrongQuery } from "../../core/spec/vendor-query.ts";
import type { VendorKind } from "../../core/spec/vendors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import type { Call } from "../../ports/observed.ts";
import { NoSecret, Secrets } from "../secrets.ts";
import { failed } from "./figure.ts";

/** What a source needs besides its specification. */
export interface Parts {
  readonly clock: Clock;
}

/** One round. */
export interface Turn {
  readonly clock: Clock;
  /** Aborts when the call is called off, or when the time is over. */
  readonly signal: AbortSignal;
  /** When the time is over. */
  readonly untilMs: Ms;
  readonly timeoutMs: Ms;
  readonly secrets: Secrets;
}

/** Why there is no figure, as a phrase that follows the source's name. */
export class NoFigure extends Error {
  override readonly name = "NoFigure";
  /** Whether one of several queries may be the reason, so that the others are asked again without it. */
  readonly isOfQuery: boolean;

  constructor(why: string, { isOfQuery = false }: { readonly isOfQuery?: boolean } = {}) {
    super(why);
    this.isOfQuery = isOfQuery;
  }
}

/** What is told of a reason. */
const MOST = 300;

type Answer = (asked: readonly FigureAsked[], turn: Turn) => Promise<readonly Figure[]>;

interface Named {
  readonly kind: VendorKind;
  readonly timeoutMs: Ms;
}

/** A source that asks what `answer` asks. Rejects when a secret is not there, or when the call is called off. */
export function figureSource({ kind, timeoutMs }: Named, { clock }: Parts, answer: Answer): FigureSource {
  return {
    kind,
    ask: async (asked, call) => {
      call.signal.throwIfAborted();
      const wrong = asked.map(({ query }) => wrongQuery(kind, query));
      // Each question once, however many want to know.
      const good = new Map(asked.flatMap((one, index) => (wrong[index] === undefined ? [[keyOf(one), one]] : [])));
      const secrets = new Secrets();
      const late = AbortSignal.timeout(timeoutMs);
      const signal = AbortSignal.any([call.signal, late]);
      const turn = { clock, signal, untilMs: ms(clock.now() + timeoutMs), timeoutMs, secrets };
      const figures = await answersTo([...good.values()], { answer, turn, call });
      // What was answered after the call was called off is nobody's.
      call.signal.throwIfAborted();
      const byKey = new Map([...good.keys()].map((key, index) => [key, figures[index]]));
      return asked.map((one, index) => {
        const why = wrong[index];
        return told(why === undefined ? byKey.get(keyOf(one)) : failed(why), secrets);
      });
    },
  };
}

const keyOf = ({ query, as, fromMs, toMs }: FigureAsked): string => JSON.stringify([query, as, fromMs, toMs]);

interface Asking {
  readonly answer: Answer;
  readonly turn: Turn;
  readonly call: Call;
}

async function answersTo(asked: readonly FigureAsked[], { answer, turn, call }: Asking): Promise<readonly Figure[]> {
  if (asked.length === 0) return [];
  try {
    return await answer(asked, turn);
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof NoSecret) throw error;
    const why = wordsOf(error, turn);
    return asked.map(() => failed(why));
  }
}

function told(figure: Figure | undefined, secrets: Secrets): Figure {
  if (!figure) return failed("answered fewer figures than were asked for");
  return figure.ok ? figure : failed(secrets.masked(figure.why).slice(0, MOST));
}

/** Whatever was thrown on the way, as a phrase. */
export function wordsOf(error: unknown, { signal, timeoutMs }: Turn): string {
  if (error instanceof NoFigure) return error.message;
  if (signal.aborted) return `did not answer within ${duration(timeoutMs)}`;
  const cause: unknown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ECONNREFUSED") return "cannot be reached: nobody listens there";
  if (code === "ENOTFOUND") return "cannot be reached: no machine has this name";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET") return "closed the connection before the end of its answer";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "answered with something that is not UTF-8";
  return `cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`;
}
