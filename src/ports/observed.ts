// How is the world asked?
export { ABSENT, seen, unreadable, type Observed } from "../core/world.ts";

/** How long a call may take and when it is called off. Every call of a port gets one. */
export interface Call {
  readonly signal: AbortSignal;
}
