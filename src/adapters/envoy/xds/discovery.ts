// How do Envoys get what their fleet should hold?
import { DELTA } from "./delta.ts";
import { Listeners, type XdsListener } from "./events.ts";
import type { ConnectedEnvoy } from "./node.ts";
import { Snapshot } from "./snapshot.ts";
import { STATE_OF_THE_WORLD } from "./state-of-the-world.ts";
import { Stream, type Call, type House } from "./stream.ts";
import { Turns } from "./turns.ts";

/** The control plane's side of the discovery streams, for any number of fleets. */
export class Discovery {
  readonly #fleets = new Map<string, Snapshot>();
  readonly #open = new Set<string>();
  readonly #streams = new Set<Stream>();
  readonly #listeners = new Listeners();
  readonly #house: House = {
    listeners: this.#listeners,
    turns: new Turns(),
    snapshot: (fleet) => (this.#open.has(fleet) ? this.#fleets.get(fleet) : undefined),
    knows: (fleet) => this.#fleets.has(fleet),
    closed: (stream) => void this.#streams.delete(stream),
  };

  /**
   * What the Envoys whose `node.cluster` is this name should hold; made when it is first asked for. Nothing is sent
   * before `open`, so that a controller that has just started never sends a world that is not yet filled.
   */
  fleet(name: string): Snapshot {
    const known = this.#fleets.get(name);
    if (known) return known;
    const snapshot = new Snapshot();
    this.#fleets.set(name, snapshot);
    return snapshot;
  }

  /** From now on the fleet's Envoys get what its snapshot holds. */
  open(fleet: string): void {
    this.#open.add(fleet);
    for (const stream of this.#of(fleet)) stream.attach();
  }

  isOpen(fleet: string): boolean {
    return this.#open.has(fleet);
  }

  /** Envoys that are connected now, of one fleet or of all, known or not. */
  envoys(fleet?: string): readonly ConnectedEnvoy[] {
    return fleet === undefined ? [...this.#streams] : this.#of(fleet);
  }

  /** Until the function that comes back is called. */
  listen(listener: XdsListener): () => void {
    return this.#listeners.add(listener);
  }

  get listeners(): Listeners {
    return this.#listeners;
  }

  /** Takes a new stream. */
  accept(call: Call, form: "delta" | "state-of-the-world"): void {
    this.#streams.add(new Stream(call, form === "delta" ? DELTA : STATE_OF_THE_WORLD, this.#house));
  }

  /** Ends every stream; the Envoys keep what they have and come back when they can. */
  close(): void {
    for (const stream of this.#streams) stream.close();
  }

  #of(fleet: string): Stream[] {
    return [...this.#streams].filter(({ node }) => node.fleet === fleet);
  }
}
