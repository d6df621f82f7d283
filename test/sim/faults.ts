// What goes wrong in the world, and when?
import { ms } from "../../src/core/units.ts";
import type { WorkloadFault } from "../../src/adapters/memory/workload.ts";
import { NO_FAULTS, type Faults } from "../../src/rehearse/faults.ts";
import type { AppendFate } from "../../src/rehearse/life.ts";
import type { PlaneFault } from "../../src/rehearse/plane.ts";
import type { Random } from "../../src/rehearse/random.ts";

export { NO_FAULTS, type Faults };

export type Port = "workload.apply" | "workload.observe" | "plane.apply" | "plane.observe" | "plane.read" | "append";

export const PORTS: readonly Port[] = [
  "workload.apply",
  "workload.observe",
  "plane.apply",
  "plane.observe",
  "plane.read",
  "append",
];

export type Kind = "refused" | "lost" | "stale" | "unreadable" | "slow" | "late";

/** What may go wrong with which port. A journal answers truly or not at all. */
export const KINDS: Readonly<Record<Port, readonly Kind[]>> = {
  "workload.apply": ["refused", "lost", "slow"],
  "workload.observe": ["refused", "unreadable", "stale", "slow"],
  "plane.apply": ["refused", "lost", "slow", "late"],
  "plane.observe": ["refused", "unreadable", "stale", "slow"],
  "plane.read": ["refused", "unreadable", "stale", "slow"],
  append: ["refused", "lost"],
};

/** Part of the calls of one port fails for a while. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  readonly port: Port;
  readonly kind: Kind;
  readonly chance: number;
}

/** How long a slow call takes: some are called off by then, some are not. */
const SLOWEST_MS = 8_000;

/** Answers what was before for so many calls in a row at most: a reader that is behind, not one that stands still. */
const STALE_IN_A_ROW = 2;

/** Faults in windows of time, decided by chance. */
export class WindowedFaults implements Faults {
  readonly #windows: readonly Window[];
  readonly #random: Random;
  readonly #elapsed: () => number;
  #stale = 0;

  constructor(windows: readonly Window[], chance: Random, elapsed: () => number) {
    this.#windows = windows;
    this.#random = chance;
    this.#elapsed = elapsed;
  }

  workload(_service: string, op: "apply" | "observe"): WorkloadFault | undefined {
    const kind = this.#kind(`workload.${op}`);
    return kind === "slow" || kind === "late" ? { delayMs: this.#delay() } : kind;
  }

  plane(_service: string, op: "apply" | "observe" | "read"): PlaneFault | undefined {
    const kind = this.#kind(`plane.${op}`);
    if (kind === "slow") return { delayMs: this.#delay() };
    return kind === "late" ? { delayMs: this.#delay(), late: true } : kind;
  }

  append(): AppendFate {
    const kind = this.#kind("append");
    return kind === "refused" || kind === "lost" ? kind : undefined;
  }

  /** A disk that takes nothing for a while often gives nothing either. */
  readonly isJournalDown = (): boolean => this.#kind("append") === "refused";

  #delay() {
    return ms(this.#random.below(SLOWEST_MS));
  }

  #kind(port: Port): Kind | undefined {
    const now = this.#elapsed();
    const hit = this.#windows.find(
      (window) =>
        window.port === port && now >= window.fromMs && now < window.toMs && this.#random.chance(window.chance),
    );
    if (hit?.kind !== "stale") return hit?.kind;
    this.#stale = (this.#stale + 1) % (STALE_IN_A_ROW + 1);
    return this.#stale === 0 ? undefined : "stale";
  }
}

/** Fails the n-th call of one port, and no other. */
export class NthCall implements Faults {
  /** Calls of that port so far. */
  calls = 0;
  readonly #port: Port;
  readonly #n: number;
  readonly #kind: Kind;

  constructor(port: Port, n: number, kind: Kind) {
    this.#port = port;
    this.#n = n;
    this.#kind = kind;
  }

  workload(_service: string, op: "apply" | "observe"): WorkloadFault | undefined {
    const kind = this.#hit(`workload.${op}`);
    return kind === "slow" || kind === "late" ? { delayMs: ms(SLOWEST_MS) } : kind;
  }

  plane(_service: string, op: "apply" | "observe" | "read"): PlaneFault | undefined {
    const kind = this.#hit(`plane.${op}`);
    if (kind === "slow") return { delayMs: ms(SLOWEST_MS) };
    return kind === "late" ? { delayMs: ms(SLOWEST_MS), late: true } : kind;
  }

  append(): AppendFate {
    const kind = this.#hit("append");
    return kind === "refused" || kind === "lost" ? kind : undefined;
  }

  #hit(port: Port): Kind | undefined {
    if (port !== this.#port) return undefined;
    this.calls += 1;
    return this.calls === this.#n ? this.#kind : undefined;
  }
}

/** Kills the controller around the n-th append of the world. */
export function dieAt(n: number, when: "die-before" | "die-after"): Faults {
  return { ...NO_FAULTS, append: (_service, at) => (at === n ? when : undefined) };
}
