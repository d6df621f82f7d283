// When do all Envoys of a fleet hold what was set?
import { SerinError } from "../../../core/issues.ts";
import type { ConnectedEnvoy } from "./node.ts";
import type { ResourceVersion } from "./types.ts";
import type { Refusal } from "./watch.ts";

/** Whether one Envoy holds all of it, and the refusal that says it will not. */
export function standing(
  envoy: ConnectedEnvoy,
  wanted: readonly ResourceVersion[],
): { readonly holds: boolean; readonly refusal?: ResourceVersion & Refusal } {
  let holds = true;
  for (const { type, name, version } of wanted) {
    if (envoy.held(type, name) === version) continue;
    holds = false;
    const refusal = envoy.refusal(type, name);
    if (refusal?.version === version && refusal) return { holds, refusal: { type, name, ...refusal } };
  }
  return { holds };
}

/** One wait, for a fleet's connected Envoys. It ends when each of them has held all of it, and there is one. */
export class Waiter {
  readonly fleet: string;
  readonly done: Promise<void>;
  readonly #wanted: readonly ResourceVersion[];
  readonly #waiting = new Set<ConnectedEnvoy>();
  readonly #settled = Promise.withResolvers<void>();
  #some = false;

  constructor(fleet: string, wanted: readonly ResourceVersion[]) {
    this.fleet = fleet;
    this.#wanted = wanted;
    this.done = this.#settled.promise;
  }

  begin(connected: Iterable<ConnectedEnvoy>): void {
    for (const envoy of connected) this.#waiting.add(envoy);
    for (const envoy of this.#waiting) this.look(envoy);
  }

  joined(envoy: ConnectedEnvoy): void {
    this.#waiting.add(envoy);
    this.look(envoy);
  }

  left(envoy: ConnectedEnvoy): void {
    if (this.#waiting.delete(envoy)) this.#check();
  }

  look(envoy: ConnectedEnvoy): void {
    if (!this.#waiting.has(envoy)) return;
    const { holds, refusal } = standing(envoy, this.#wanted);
    if (refusal) return this.#settled.reject(refused(envoy, refusal));
    if (!holds) return;
    this.#some = true;
    this.#waiting.delete(envoy);
    this.#check();
  }

  stop(reason: unknown): void {
    this.#settled.reject(reason);
  }

  #check(): void {
    if (this.#some && this.#waiting.size === 0) this.#settled.resolve();
  }
}

function refused({ node }: ConnectedEnvoy, { type, name, why }: ResourceVersion & Refusal): SerinError {
  return new SerinError({
    code: "SERIN_ROUTE_REFUSED",
    what: `Envoy ${node.id} does not take the ${type} "${name}".`,
    found: why,
    now: "What it took last stays in force there.",
    next: "Correct what Envoy names; the next version is sent at once.",
  });
}
