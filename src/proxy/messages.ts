// What do the proxy's main thread and its workers say to each other?
import type { Ms } from "../core/units.ts";
import type { ProxyConfig } from "./config.ts";
import type { Ports, TlsPair } from "./data-plane.ts";
import type { MirroredIn } from "./mirror/messages.ts";
import type { Count } from "./ledger.ts";
import type { Change, ServedRoute } from "./served.ts";

/** What a worker is given before it listens. */
export interface WorkerStart {
  readonly config: ProxyConfig;
  /** Whether it listens so that others may listen on its port beside it. */
  readonly shared: boolean;
  readonly tls?: TlsPair | undefined;
  readonly routes: readonly ServedRoute[];
}

/** What a worker stands at. */
export interface Report {
  readonly counts: readonly Count[];
  readonly busy: readonly string[];
  /** What became of copies since the last report. */
  readonly mirrored: readonly MirroredIn[];
}

export type Command =
  | Change
  | { readonly op: "tls"; readonly pair: TlsPair }
  | { readonly op: "read" }
  | { readonly op: "drain"; readonly timeoutMs: Ms };

/** To a worker. Every command is answered with its id. */
export interface Asked {
  readonly id: number;
  readonly command: Command;
}

/** From a worker. */
export type Said =
  | { readonly kind: "listening"; readonly ports: Ports }
  | { readonly kind: "unable"; readonly code: string; readonly message: string; readonly port: number | undefined }
  | { readonly kind: "done"; readonly id: number; readonly report: Report }
  | { readonly kind: "refused"; readonly id: number; readonly why: string }
  | { readonly kind: "report"; readonly report: Report };
