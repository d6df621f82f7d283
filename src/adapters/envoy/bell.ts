// How does one wait until Envoys have said anything?

export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const heard of this.#waiting) heard();
  }

  /** Resolves with true when it rings, with false when the call is called off. */
  heard(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (heard: boolean): void => {
        this.#waiting.delete(rang);
        signal.removeEventListener("abort", calledOff);
        resolve(heard);
      };
      const rang = (): void => end(true);
      const calledOff = (): void => end(false);
      this.#waiting.add(rang);
      signal.addEventListener("abort", calledOff, { once: true });
    });
  }
}
