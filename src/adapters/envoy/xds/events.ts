// What happens on the streams, for those who want to know?
import type { ConnectedEnvoy } from "./node.ts";
import type { ResourceType } from "./types.ts";
import type { Content } from "./watch.ts";

/** Each is called at once, from within the stream's own turn, and must not throw. */
export interface XdsListener {
  /** An Envoy introduced itself. */
  connected?(envoy: ConnectedEnvoy): void;
  disconnected?(envoy: ConnectedEnvoy): void;
  /** An Envoy asks for a fleet that nobody looks after; it gets nothing. */
  stranger?(envoy: ConnectedEnvoy): void;
  /** These are in force there now; `undefined` is what is gone. */
  acknowledged?(envoy: ConnectedEnvoy, type: ResourceType, content: Content): void;
  /** Envoy refused these names, with its words; what it held stays. */
  rejected?(envoy: ConnectedEnvoy, type: ResourceType, rejection: Rejection): void;
  /** A stream was ended because of what came over it. */
  malformed?(what: Malformed): void;
  /** A message came that is what its stream carries. */
  readable?(sender: Sender): void;
  /** Why the files of the channel cannot be used as they are now; `undefined` when they can again. */
  certificate?(why: string | undefined): void;
}

/** Who sends on which kind of stream. */
export interface Sender {
  readonly of: "discovery" | "log" | "metrics";
  /** Unknown of one that has not said who it is, whose address stands in `from`. */
  readonly fleet?: string | undefined;
  readonly from: string;
}

export type Malformed = Sender & { readonly why: string };

interface Rejection {
  readonly names: readonly string[];
  readonly why: string;
}

type Calls = { readonly [K in keyof XdsListener]-?: Parameters<NonNullable<XdsListener[K]>> };

/** Those who are told. */
export class Listeners {
  readonly #all = new Set<XdsListener>();

  add(listener: XdsListener): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell<K extends keyof Calls>(what: K, ...args: Calls[K]): void {
    for (const listener of this.#all) {
      (listener[what] as ((...args: Calls[K]) => void) | undefined)?.(...args);
    }
  }
}
