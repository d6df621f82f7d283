// How much of this machine's memory may rehearsals have?
import { SerinError } from "../core/issues.ts";

/** Threads at work at once, and the heap of each: one that needs more is ended, and not the controller. */
export interface Room {
  readonly threads: number;
  readonly megabytes: number;
}

/** What is left is also for the controller, and for whatever else runs there. */
const PART = 1 / 2;
/** More is of no use to a rehearsal. */
const MOST_MB = 512;
/** A rehearsal that is no unusual one gets by with such a heap. */
const ENOUGH_MB = 128;
const LEAST_MB = 64;
/** What a thread takes besides: young objects, code and stacks. */
const BESIDE_MB = 48;

/** Of so many threads at most as there is room for, each with as much as there is for it. Throws SERIN_NO_MEMORY. */
export function roomIn(availableBytes: number, mostThreads: number): Room {
  const megabytes = availableBytes / 2 ** 20;
  const part = megabytes * PART;
  const threads = Math.max(1, Math.min(mostThreads, Math.floor(part / (ENOUGH_MB + BESIDE_MB))));
  const heap = Math.floor(part / threads - BESIDE_MB);
  if (heap < LEAST_MB) throw noMemory(megabytes);
  return { threads, megabytes: Math.min(MOST_MB, heap) };
}

function noMemory(megabytes: number): SerinError {
  return new SerinError({
    code: "SERIN_NO_MEMORY",
    what: "the controller has not the memory to rehearse beside its own work",
    found: `${Math.floor(megabytes)} MB are left of what it may have; ${(LEAST_MB + BESIDE_MB) / PART} MB are the least`,
    now: "nothing was rehearsed; traffic is not touched by rehearsals",
    next: "rehearse where you are: serin rehearse FILE; or give the controller more memory",
  });
}
