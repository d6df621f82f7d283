// What of a scenario happens next?
import type { Event } from "./scenario.ts";

/** A scenario's events that have not happened yet, and when what lasts for a while is over. */
export class Script<E extends Event = Event> {
  #events: readonly E[];
  #ends: readonly number[] = [];

  constructor(events: readonly E[]) {
    this.#events = events.toSorted((a, b) => a.atMs - b.atMs);
  }

  /** When something happens next; Infinity when nothing does any more. */
  get nextMs(): number {
    return Math.min(this.#events[0]?.atMs ?? Infinity, ...this.#ends);
  }

  /** Whether somebody still asks for something. */
  get asksMore(): boolean {
    return this.#events.some(({ kind }) => kind === "apply" || kind === "command");
  }

  /** Load and traits without a time, which hold from before the beginning; they are taken out. */
  takeEarly(): readonly E[] {
    const early = this.#events.filter(isEarly);
    this.#events = this.#events.filter((event) => !isEarly(event));
    return early;
  }

  /** Something is over at a moment. */
  endsAt(atMs: number): void {
    this.#ends = [...this.#ends, atMs];
  }

  /** What happens now, which is taken out; and whether something is over. */
  takeDue(nowMs: number): { readonly events: readonly E[]; readonly hasEnded: boolean } {
    const events = this.#events.filter(({ atMs }) => atMs <= nowMs);
    const left = this.#ends.filter((atMs) => atMs > nowMs);
    const hasEnded = left.length < this.#ends.length;
    this.#events = this.#events.slice(events.length);
    this.#ends = left;
    return { events, hasEnded };
  }
}

const isEarly = ({ kind, timed }: Event): boolean => !timed && (kind === "load" || kind === "traits");
