// Which Envoys hold what was set, or something newer?
import type { Needed } from "./fleet.ts";
import type { Snapshot } from "./xds/snapshot.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";

/** Versions of this many changes are remembered; an Envoy that is further behind holds nothing of them. */
const REMEMBERED = 1_000;

/** A resource as it was at a moment. */
export interface Marked extends Needed {
  readonly place: number;
}

/**
 * The order of versions. A resource that many services share changes while one of them waits: a later version of it has
 * what that one set, too.
 */
export class Versions {
  readonly #snapshot: Snapshot;
  readonly #orders = new Map<string, { last: number; readonly of: Map<string, number> }>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    snapshot.watch((type, name) => this.#note({ type, name }));
  }

  /** The resources as they stand now, those that are there. */
  mark(needed: readonly Needed[]): readonly Marked[] {
    return needed.flatMap((one) => {
      const place = this.#orders.get(keyOf(one))?.last;
      return place === undefined ? [] : [{ ...one, place }];
    });
  }

  /** Whether an Envoy holds all of it, or later versions. */
  holds(envoy: ConnectedEnvoy, marked: readonly Marked[]): boolean {
    return marked.every((one) => this.#place(one, envoy.held(one.type, one.name)) >= one.place);
  }

  /** What an Envoy says against it, in its own words. */
  refusal(envoy: ConnectedEnvoy, marked: readonly Marked[]): string | undefined {
    for (const one of marked) {
      const refusal = envoy.refusal(one.type, one.name);
      if (refusal && this.#place(one, refusal.version) >= one.place) return refusal.why;
    }
    return undefined;
  }

  #place(one: Needed, version: string | undefined): number {
    return (version === undefined ? undefined : this.#orders.get(keyOf(one))?.of.get(version)) ?? -1;
  }

  #note(one: Needed): void {
    const version = this.#snapshot.version(one.type, one.name);
    const key = keyOf(one);
    if (version === undefined) return void this.#orders.delete(key);
    let order = this.#orders.get(key);
    if (!order) this.#orders.set(key, (order = { last: 0, of: new Map() }));
    // The same content again is as good as the newest.
    order.of.delete(version);
    order.of.set(version, ++order.last);
    const [oldest] = order.of.keys();
    if (order.of.size > REMEMBERED && oldest !== undefined) order.of.delete(oldest);
  }
}

const keyOf = ({ type, name }: Needed): string => `${type} ${name}`;
