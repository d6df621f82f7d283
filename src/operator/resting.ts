// Which services does a change concern?

/** Services by what they rest on: a Deployment's key, the UIDs that control ReplicaSets, ConfigMaps. */
export class Resting {
  readonly #services = new Map<string, Set<string>>();
  readonly #keys = new Map<string, readonly string[]>();

  /** Those whom a change under this key concerns. */
  on(key: string): Iterable<string> {
    return this.#services.get(key) ?? [];
  }

  /** A service rests on these from now on, and on nothing else. Whether it did not rest on one of them before. */
  set(service: string, keys: readonly (string | undefined)[]): boolean {
    const now = keys.filter((key): key is string => key !== undefined && key !== "");
    const before = this.#keys.get(service) ?? [];
    for (const key of before) {
      if (now.includes(key)) continue;
      const others = this.#services.get(key);
      others?.delete(service);
      if (others?.size === 0) this.#services.delete(key);
    }
    for (const key of now) {
      const services = this.#services.get(key) ?? new Set();
      services.add(service);
      this.#services.set(key, services);
    }
    if (now.length > 0) this.#keys.set(service, now);
    else this.#keys.delete(service);
    return now.some((key) => !before.includes(key));
  }

  /** It rests on these too. */
  add(service: string, keys: readonly string[]): void {
    if (keys.length > 0) this.set(service, [...(this.#keys.get(service) ?? []), ...keys]);
  }
}
