// What does one worker of the proxy offer to the process around it?
import type { Series } from "../core/evidence.ts";
import type { Ms } from "../core/units.ts";
import type { MirroredIn } from "./mirror/messages.ts";
import type { ServedRoute } from "./served.ts";

/** PEM texts of a certificate chain and its key. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** The ports in use. */
export interface Ports {
  readonly port: number;
  /** Of the second address, if there is one. */
  readonly preview?: number | undefined;
}

/** One worker's data plane: everything between a client's connection and a replica's. */
export interface DataPlane {
  /**
   * Starts to accept connections; rejects with the listen error (EADDRINUSE …). Resolves with the ports in use. `shared`:
   * beside others that share the port, too.
   */
  listen(shared: boolean): Promise<Ports>;
  /** From now on requests of its section, or of everybody else, follow this route. Those under way end where they began. */
  setRoute(route: ServedRoute): void;
  /** From now on there is no such section; its requests are everybody's. */
  dropRoute(section: string): void;
  /** From now on new TLS connections get this certificate. */
  setTls(pair: TlsPair): void;
  /** This worker's counters; `epoch` is filled in by the process around it. */
  counters(): readonly Omit<Series, "epoch">[];
  /** Replicas that the route names, or that still have a request under way. */
  busy(): readonly string[];
  /** What became of copies of requests since this was last asked. */
  mirrored(): readonly MirroredIn[];
  /** Stops accepting, lets requests under way end (at most `timeoutMs`), closes everything. */
  drain(timeoutMs: Ms): Promise<void>;
}
