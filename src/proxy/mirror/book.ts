// What do all workers' copies of one lane come to, and since when?
import { randomBytes } from "node:crypto";
import type { Comparison } from "../../core/comparison.ts";
import { FieldTotals } from "../../core/compare/totals.ts";
import type { Route } from "../../core/split.ts";
import { addSums, keyOf, noSums, type CopyRole, type CopySums, type Mirrored } from "./messages.ts";

/** What became of the copies since the proxy's process began. */
export type CopyTotals = Readonly<Record<CopyRole, CopySums>>;

/** The main thread's book of one lane's copies. */
export class MirrorBook {
  readonly totals = noSums();
  readonly #fields = new FieldTotals();
  #key: string | undefined;
  #epoch = "";
  #compares = false;
  #sums = noSums();

  /** The workers are about to follow this route, or none: another mirror begins an epoch. */
  follow(route: Route | undefined): void {
    const key = route && keyOf(route);
    if (key === this.#key) return;
    this.#key = key;
    this.#compares = route?.split.mirror?.compare !== undefined;
    this.#epoch = randomBytes(8).toString("hex");
    this.#sums = noSums();
    this.#fields.clear();
  }

  /** A worker's news. Of a mirror that is no more only the totals grow. */
  take(mirrored: Mirrored): void {
    addSums(this.totals, mirrored.sums);
    if (mirrored.key !== this.#key) return;
    addSums(this.#sums, mirrored.sums);
    for (const field of mirrored.fields) this.#fields.add(field);
  }

  /** `undefined` while nothing is compared. */
  comparison(): Comparison | undefined {
    if (!this.#compares) return undefined;
    const { canary, baseline } = this.#sums;
    return {
      epoch: this.#epoch,
      candidate: canary.compared,
      noise: baseline.compared,
      shed: canary.shed + baseline.shed,
      failed: canary.failed + baseline.failed,
      fields: this.#fields.read(),
    };
  }
}
