// What do all replicas of a service share?
import { randomBytes } from "node:crypto";
import type { Backoff } from "../../core/backoff.ts";
import type { Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Logs } from "./logs.ts";
import type { Ports } from "./ports.ts";
import type { RevisionFiles } from "./files.ts";
import type { Records } from "./records.ts";

/** Moments in the life of a replica at which a controller may die; tests let it. */
export type Moment = "planned" | "spawned" | "recorded" | "draining" | "ending" | "signalled" | "ended" | "forgotten";

/** What all replicas of a service share. */
export interface House {
  readonly service: string;
  /** The state folder by its real path: part of the identity of a process. */
  readonly dir: string;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly backoff: Backoff;
  readonly records: Records;
  readonly files: RevisionFiles;
  readonly logs: Logs;
  readonly ports: Ports;
  readonly trace: (moment: Moment, replica: string) => void;
  /** Aborts when the controller lets go. */
  readonly closing: AbortSignal;
}

/** How often is looked. */
interface Pace {
  /** At a replica that is about to change: it starts, drains or ends. */
  readonly pollMs: Ms;
  /** At one that is ready. */
  readonly readyCheckMs: Ms;
}

/** A name that was never used and never will be: the pool for people, 40 bits of chance for certainty. */
export function newReplicaId(pool: string): string {
  return `${pool.replaceAll(/[^\w.-]/g, "_")}-${randomBytes(5).toString("hex")}`;
}
