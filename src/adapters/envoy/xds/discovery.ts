// How do Envoys get what their fleet should hold?
import type { Call as Bounded } from "../../../ports/observed.ts";
import { DELTA } from "./delta.ts";
import { Listeners, type XdsListener } from "./events.ts";
import type { ConnectedEnvoy } from "./node.ts";
import { Snapshot } from "./snapshot.ts";
import { STATE_OF_THE_WORLD } from "./state-of-the-world.ts";
import { Stream, type Call, type House } from "./stream.ts";
import type { ResourceVersion } from "./types.ts";
import { Turns } from "./turns.ts";
import { standing, Waiter } from "./waiter.ts";

/** Where a fleet's connected Envoys are with what is wanted of them. */
export interface Standing {
  readonly holding: readonly ConnectedEnvoy[];
  readonly waiting: readonly ConnectedEnvoy[];
  readonly refusing: readonly { readonly envoy: ConnectedEnvoy; readonly why: string }[];
}

/** The control plane's side of the discovery streams, for any number of fleets. */
export class Discovery {
  readonly #fleets = new Map<string, Snapshot>();
  readonly #open = new Set<string>();
  readonly #streams = new Set<Stream>();
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Listeners();
  readonly #house: House = {
    listeners: this.#listeners,
    turns: new Turns(),
    snapshot: (fleet) => (this.#open.has(fleet) ? this.#fleets.get(fleet) : undefined),
    knows: (fleet) => this.#fleets.has(fleet),
    joined: (stream) => this.#each(stream, (waiter) => waiter.joined(stream)),
    changed: (stream) => this.#each(stream, (waiter) => waiter.look(stream)),
    closed: (stream) => {
      this.#streams.delete(stream);
      this.#each(stream, (waiter) => waiter.left(stream));
    },
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

  standing(fleet: string, wanted: readonly ResourceVersion[]): Standing {
    const holding: ConnectedEnvoy[] = [];
    const waiting: ConnectedEnvoy[] = [];
    const refusing: { readonly envoy: ConnectedEnvoy; readonly why: string }[] = [];
    for (const envoy of this.#of(fleet)) {
      const { holds, refusal } = standing(envoy, wanted);
      if (refusal) refusing.push({ envoy, why: refusal.why });
      else (holds ? holding : waiting).push(envoy);
    }
    return { holding, waiting, refusing };
  }

  /**
   * Waits until every connected Envoy of the fleet has held all of it, and at least one is connected. Fails with Envoy's
   * words as soon as one refuses, and with the signal's reason.
   */
  async acknowledged(fleet: string, wanted: readonly ResourceVersion[], { signal }: Bounded): Promise<void> {
    signal.throwIfAborted();
    const waiter = new Waiter(fleet, wanted);
    const stop = (): void => waiter.stop(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.#waiters.add(waiter);
    waiter.begin(this.#of(fleet));
    try {
      await waiter.done;
    } finally {
      this.#waiters.delete(waiter);
      signal.removeEventListener("abort", stop);
    }
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

  #each(stream: Stream, run: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiters) if (waiter.fleet === stream.node.fleet) run(waiter);
  }
}
