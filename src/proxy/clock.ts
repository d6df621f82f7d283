// What time is it, and who has waited too long?

/** Something with a time limit. */
export interface Timed {
  /** Moment on the clock's axis; `Infinity` for no limit. */
  deadline: number;
  expire(): void;
}

/**
 * One interval looks at every connection's deadline, so that a request costs a store instead of a timer. A limit is
 * therefore met up to one period late.
 */
export class Clock {
  /** Milliseconds on a monotonic axis, as of the last tick or the last request. */
  now = performance.now();
  readonly #watched = new Set<Timed>();
  readonly #timer: NodeJS.Timeout;

  /** `shortestMs` is the shortest limit that will be asked for. */
  constructor(shortestMs: number) {
    const periodMs = Math.min(100, Math.max(5, Math.floor(shortestMs / 8)));
    this.#timer = setInterval(() => this.#look(), periodMs);
    this.#timer.unref();
  }

  /** The time now, and for everybody until the next tick. */
  tick(): number {
    this.now = performance.now();
    return this.now;
  }

  watch(timed: Timed): void {
    this.#watched.add(timed);
  }

  unwatch(timed: Timed): void {
    this.#watched.delete(timed);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.tick();
    for (const timed of this.#watched) if (timed.deadline <= now) timed.expire();
  }
}
