// How are many questions asked with few requests, and one bad one without the others?
import type { Figure, FigureAsked } from "../../ports/figures.ts";
import { NoSecret } from "../secrets.ts";
import { failed } from "./figure.ts";
import { NoFigure, type Turn, wordsOf } from "./turn.ts";

/** How a vendor takes questions. */
export interface Batching {
  readonly turn: Turn;
  /** So many in one request. */
  readonly size: number;
  /** One request: all questions are of one interval. Rejects when there is no answer to any of them. */
  readonly ask: (batch: readonly FigureAsked[]) => Promise<readonly Figure[]>;
}

/** So many requests at once: vendors count them. */
const AT_ONCE = 4;

/** Asks all questions. A request that is refused for one of its queries is made again in halves, down to that one. */
export async function inBatches(asked: readonly FigureAsked[], batching: Batching): Promise<readonly Figure[]> {
  const figures = new Map<FigureAsked, Figure>();
  const batches = batchesOf(asked, batching.size);
  const work = async (): Promise<void> => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const answers = await answersTo(batch, batching);
      batch.forEach((question, index) => {
        figures.set(question, answers[index] ?? failed("answered fewer figures than were asked for"));
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return asked.map((question) => figures.get(question) ?? failed("was not asked"));
}

function batchesOf(asked: readonly FigureAsked[], size: number): FigureAsked[][] {
  const byInterval = Map.groupBy(asked, ({ fromMs, toMs }) => `${fromMs} ${toMs}`);
  return [...byInterval.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size)),
  );
}

async function answersTo(batch: readonly FigureAsked[], batching: Batching): Promise<readonly Figure[]> {
  try {
    return await batching.ask(batch);
  } catch (error) {
    // Without it nobody can be asked anything.
    if (error instanceof NoSecret) throw error;
    if (error instanceof NoFigure && error.isOfQuery && batch.length > 1) {
      const middle = batch.length >>> 1;
      const first = await answersTo(batch.slice(0, middle), batching);
      return [...first, ...(await answersTo(batch.slice(middle), batching))];
    }
    const why = wordsOf(error, batching.turn);
    return batch.map(() => failed(why));
  }
}
