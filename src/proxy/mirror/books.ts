// What do the copies of each section come to, and those of everybody else?
import type { Comparison } from "../../core/comparison.ts";
import { EVERYBODY, type Routes } from "../served.ts";
import { MirrorBook, type CopyTotals } from "./book.ts";
import type { MirroredIn } from "./messages.ts";

/** The main thread's books of copies, by section. What a section without a route has counted stays: counters only grow. */
export class MirrorBooks {
  readonly #books = new Map([[EVERYBODY, new MirrorBook()]]);

  /** The workers are about to follow these routes. */
  follow(routes: Routes): void {
    for (const section of routes.keys()) if (!this.#books.has(section)) this.#books.set(section, new MirrorBook());
    for (const [section, book] of this.#books) book.follow(routes.get(section));
  }

  take(mirrored: MirroredIn): void {
    this.#books.get(mirrored.section)?.take(mirrored);
  }

  totals(): ReadonlyMap<string, CopyTotals> {
    return new Map([...this.#books].map(([section, { totals }]) => [section, totals]));
  }

  /** Where answers are compared. */
  comparisons(): ReadonlyMap<string, Comparison> {
    const all = [...this.#books].map(([section, book]) => [section, book.comparison()] as const);
    return new Map(all.flatMap(([section, comparison]) => (comparison ? [[section, comparison]] : [])));
  }
}
