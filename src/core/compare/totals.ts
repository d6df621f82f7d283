// What do many compared answers come to?
import type { DifferenceExample, FieldCounts } from "../comparison.ts";

const MOST_PATHS = 200;
const MOST_EXAMPLES = 3;

/** What is known of one part so far. */
interface Known {
  candidate: number;
  noise: number;
  readonly examples: DifferenceExample[];
}

/** Counts per part, of which there are never more than 200. */
export class FieldTotals {
  readonly #fields = new Map<string, Known>();

  add(more: FieldCounts): void {
    const known = this.#at(more.path);
    known.candidate += more.candidate;
    known.noise += more.noise;
    for (const example of more.examples) if (known.examples.length < MOST_EXAMPLES) known.examples.push(example);
  }

  /** Those with the most differences of the candidate first. */
  read(): readonly FieldCounts[] {
    return [...this.#fields]
      .map(([path, known]) => ({
        path,
        candidate: known.candidate,
        noise: known.noise,
        examples: known.examples.slice(),
      }))
      .toSorted((a, b) => b.candidate - a.candidate || b.noise - a.noise || (a.path < b.path ? -1 : 1));
  }

  clear(): void {
    this.#fields.clear();
  }

  /** When there are too many, a new one is counted with the others of its kind, as `body.*` or `header.*`. */
  #at(path: string): Known {
    const isRoom = this.#fields.size < MOST_PATHS - 2;
    const at = isRoom || this.#fields.has(path) || path === "status" ? path : `${/^\w+/u.exec(path)?.[0] ?? ""}.*`;
    let known = this.#fields.get(at);
    if (!known) this.#fields.set(at, (known = { candidate: 0, noise: 0, examples: [] }));
    return known;
  }
}
