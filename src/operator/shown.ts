// What of a state is shown to people, and when?
import { underWay, type ServiceState } from "../core/engine/state.ts";

/** So often a reason that changes is written. */
const AGAIN_MS = 2_000;

/** Reasons for waiting as they were last shown: what a cluster says of its pods comes after the step has been written down. */
export class Shown {
  readonly #last = new Map<string, { readonly text: string; readonly atMs: number }>();

  /** A service that is gone waits for nothing. */
  forget(service: string): void {
    this.#last.delete(service);
  }

  /** Whether another reason than the last one is to be shown now; it counts as shown then. */
  isDue(state: ServiceState, nowMs: number): boolean {
    const { service } = state;
    const waiting = underWay(state)?.waiting;
    // What waits for evidence changes with every request, and is shown with the next entry.
    if (!waiting || (waiting.for !== "replicas" && waiting.for !== "router")) {
      this.#last.delete(service);
      return false;
    }
    const last = this.#last.get(service);
    if (last && (last.text === waiting.text || nowMs - last.atMs < AGAIN_MS)) return false;
    this.#last.set(service, { text: waiting.text, atMs: nowMs });
    return last !== undefined;
  }
}

/** The state to show: a controller takes up what it has written down a moment after that. */
export function newer(state: ServiceState | undefined, written: unknown): ServiceState | undefined {
  const last = written as ServiceState | undefined;
  return state && last && last.version > state.version ? last : state;
}
