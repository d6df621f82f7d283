// In which order do roles get other pods, so that no route ever leads to nobody or to the wrong ones?
//
// A slot is what routes name for a role: a subset, or a Service. Its hash says whose pods it has. A slot is there before a route
// names it, keeps its pods while a route that is about to go still names it, and goes some time after that.
import { ROLES, type Role } from "../../../core/split.ts";
import { ms } from "../../../core/units.ts";
import type { Call } from "../../../ports/observed.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Hashes } from "./cluster-router.ts";
import type { Wish } from "./weave.ts";

export type Roles = ReadonlySet<Role>;

/** What slots there are, what is wanted of them, and who is named where. */
export interface Turn {
  /** Those that are there. */
  readonly live: Hashes;
  /** Those that are wanted. */
  readonly wanted: Hashes;
  /** The roles that the route names, or has named a moment ago. */
  readonly named: Roles;
  /** Those that it names, or has named a moment ago, and sends nothing to. */
  readonly listed?: Roles | undefined;
  /** The roles that it is going to name. */
  readonly next: Roles;
}

/** The slots with which the route can change. */
export function slotsFor({ live, wanted, named, listed, next }: Turn): Hashes {
  const found = ROLES.map((role) => {
    const isUsed = named.has(role) || next.has(role) || listed?.has(role);
    // A route that still leads there, and is about to go, would lead to somebody else.
    const isLeft = named.has(role) && !next.has(role);
    const hash = isLeft ? (live[role] ?? wanted[role]) : (wanted[role] ?? (isUsed ? live[role] : undefined));
    return [role, hash] as const;
  });
  return Object.fromEntries(found.filter(([, hash]) => hash !== undefined)) as Hashes;
}

/** The roles that a split sends anything to. */
export function rolesOf({ weights, matches = [], mirror }: Wish): Roles {
  const shared = ROLES.filter((role) => (weights[role] ?? 0) > 0);
  return new Set([...shared, ...matches.map(({ to }) => to), ...(mirror?.to ?? [])]);
}

/** Slots of one kind. */
export interface Slots {
  read(): Hashes;
  /** Makes, changes and takes away until there are these; nothing is written when there are. */
  write(hashes: Hashes, call: Call): Promise<void>;
}

/** How long a data plane takes. */
export interface Lag {
  /** Until it knows of a new slot. */
  readonly settleMs: number;
  /** So long it may go on with a route that is gone. */
  readonly goingMs: number;
}

/** Brings slots and routes from what they are to what is wanted, step by step. */
export class Passage {
  readonly #clock: Clock;
  readonly #lag: Lag;
  readonly #namedMs = new Map<Role, number>();
  readonly #listedMs = new Map<Role, number>();

  constructor(clock: Clock, lag: Lag) {
    this.#clock = clock;
    this.#lag = lag;
  }

  /** Changes the slots, waits until they are known, and then has the route changed. */
  async go(
    turn: Turn,
    slots: Slots,
    options: { readonly call: Call; readonly route: () => Promise<void> },
  ): Promise<void> {
    const { live, next } = turn;
    const named = this.#recently(this.#namedMs, turn.named);
    const listed = this.#recently(this.#listedMs, turn.listed ?? new Set());
    const hashes = slotsFor({ ...turn, named, listed });
    await slots.write(hashes, options.call);
    if ([...next].some((role) => hashes[role] !== live[role])) await this.settle(options.call);
    await options.route();
  }

  /** Waits until a new slot is known. */
  settle(call: Call): Promise<void> {
    return this.#wait(this.#lag.settleMs, call);
  }

  /** Waits until nobody goes on with a route that is gone. */
  passed(call: Call): Promise<void> {
    return this.#wait(this.#lag.goingMs, call);
  }

  async #wait(forMs: number, { signal }: Call): Promise<void> {
    await this.#clock.sleep(ms(forMs), signal);
    signal.throwIfAborted();
  }

  #recently(seenMs: Map<Role, number>, roles: Roles): Roles {
    const now = this.#clock.now();
    for (const role of roles) seenMs.set(role, now);
    return new Set([...seenMs].filter(([, atMs]) => now - atMs <= this.#lag.goingMs).map(([role]) => role));
  }
}
