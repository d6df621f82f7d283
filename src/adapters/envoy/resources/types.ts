// What is known of a service whose requests Envoys carry?
import type { EnvoySpec } from "../../../core/spec/envoy.ts";
import type { Route, Section, Weights } from "../../../core/split.ts";

/** A service as its Envoys shall serve it. */
export interface Served {
  readonly service: string;
  /** The service whose address it is: its own, or that of the façade that it is a part of. */
  readonly front: string;
  /** Which of the front's requests are its own; all that no section takes without it. */
  readonly section?: Section | undefined;
  /** With paths of files that are absolute. */
  readonly spec: EnvoySpec;
  readonly route: Route;
  /** Who gets requests when no runtime key says otherwise: written into the routes. */
  readonly base: Weights;
  /** Names the runtime keys of these routes: new with every change of anything but shares. */
  readonly generation: string;
}
