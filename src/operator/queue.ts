// Whose turn is it?

/** Does work by key, each key once at a time and never lost: what is asked for meanwhile is done again afterwards. */
export class Queue {
  readonly #work: (key: string) => Promise<void>;
  readonly #failed: (key: string, error: unknown) => void;
  readonly #width: number;
  readonly #waiting = new Set<string>();
  readonly #busy = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(work: (key: string) => Promise<void>, failed: (key: string, error: unknown) => void, width = 16) {
    this.#work = work;
    this.#failed = failed;
    this.#width = width;
  }

  add(key: string): void {
    if (this.#isClosed) return;
    this.#waiting.add(key);
    this.#next();
  }

  /** Takes nothing new, and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting.clear();
    await Promise.all(this.#busy.values());
  }

  #next(): void {
    for (const key of this.#waiting) {
      if (this.#busy.size >= this.#width) return;
      if (this.#busy.has(key)) continue;
      this.#waiting.delete(key);
      this.#busy.set(key, this.#do(key));
    }
  }

  async #do(key: string): Promise<void> {
    try {
      await this.#work(key);
    } catch (error) {
      this.#failed(key, error);
    }
    this.#busy.delete(key);
    this.#next();
  }
}
