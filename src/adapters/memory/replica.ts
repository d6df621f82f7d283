// What has become of one replica in memory by now?
import { BACKOFF, pauseAfter } from "../../core/backoff.ts";
import type { Candidate } from "../../core/replica-choice.ts";
import { duration, ms, type Ms } from "../../core/units.ts";
import type { Replica, WantedPool } from "../../ports/workload.ts";

/** How the replicas of one revision behave. */
export interface Behaviour {
  /** From its start to ready. Default 1 s. `never` is not ready, ever. */
  readonly readyAfterMs?: Ms | "never" | undefined;
  /** From each start to a crash. Default: no crash. */
  readonly crashAfterMs?: Ms | undefined;
  /** What the crash says. Default "exited with code 1". */
  readonly why?: string | undefined;
}

/** What holds for every replica of a workload. */
export interface Times {
  readonly readyTimeoutMs: Ms;
  readonly drainMs: Ms;
  readonly endMs: Ms;
  readonly behaviour: (revision: string) => Behaviour;
}

/** One replica. Nothing happens to it by itself: `moved` brings it to the present. */
export class MemoryReplica {
  readonly id: string;
  readonly pool: string;
  readonly revision: string;
  readonly port: number;
  readonly times: Times;
  behaviour: Behaviour;
  phase: "running" | "waiting" = "running";
  startedMs: Ms;
  restartMs: Ms;
  restarts = 0;
  failures = 0;
  readySinceMs: Ms | undefined;
  drainingSinceMs: Ms | undefined;
  endingSinceMs: Ms | undefined;
  why: string | undefined;

  constructor(made: { wanted: WantedPool; number: number; startedMs: Ms; times: Times }) {
    this.id = `${made.wanted.pool}-${made.number}`;
    this.pool = made.wanted.pool;
    this.revision = made.wanted.revision.id;
    this.port = 20_000 + (made.number % 10_000);
    this.times = made.times;
    this.startedMs = made.startedMs;
    this.restartMs = made.startedMs;
    this.behaviour = made.times.behaviour(this.revision);
  }
}

/** Brings a replica to the present. False when it is gone by then. */
export function moved(replica: MemoryReplica, nowMs: Ms): boolean {
  for (;;) {
    const { drainingSinceMs, times } = replica;
    if (drainingSinceMs !== undefined && nowMs >= drainingSinceMs + times.drainMs) {
      replica.endingSinceMs ??= ms(drainingSinceMs + times.drainMs);
    }
    if (replica.endingSinceMs !== undefined && nowMs >= replica.endingSinceMs + times.endMs) return false;
    if (replica.phase === "waiting") {
      // Nothing is left of a replica that fails while it drains.
      if (drainingSinceMs !== undefined) return false;
      if (nowMs < replica.restartMs) return true;
      restarted(replica);
    }
    becomeReady(replica, nowMs);
    const { crashAfterMs, why } = replica.behaviour;
    const atMs = ms(replica.startedMs + (crashAfterMs ?? 0));
    if (crashAfterMs === undefined || nowMs < atMs) return true;
    crashed(replica, { atMs, why: why ?? "exited with code 1" });
  }
}

/** Crashes a running replica. */
export function crashed(replica: MemoryReplica, crash: { readonly atMs: Ms; readonly why: string }): void {
  const { readySinceMs } = replica;
  const wentWell = readySinceMs !== undefined && crash.atMs - readySinceMs >= BACKOFF.resetMs;
  replica.failures = wentWell ? 1 : replica.failures + 1;
  replica.phase = "waiting";
  replica.restartMs = ms(crash.atMs + pauseAfter(replica.failures, BACKOFF));
  replica.readySinceMs = undefined;
  replica.why = crash.why;
}

/** Whether it answers requests: also while it drains, until it is told to end. */
export function servesNow(replica: MemoryReplica): boolean {
  return replica.readySinceMs !== undefined && replica.endingSinceMs === undefined;
}

/** The replica as `observe` tells it. */
export function view(replica: MemoryReplica, nowMs: Ms): Replica {
  const { condition } = candidate(replica, nowMs);
  const late = condition === "failing" && replica.phase === "running";
  const why = late ? `not ready after ${duration(replica.times.readyTimeoutMs)}` : replica.why;
  return {
    id: replica.id,
    host: "127.0.0.1",
    port: replica.port,
    state: replica.drainingSinceMs === undefined ? condition : "draining",
    restarts: replica.restarts,
    ...(replica.readySinceMs !== undefined && { readySinceMs: replica.readySinceMs }),
    ...(why !== undefined && condition !== "ready" && { why }),
  };
}

/** The replica as a choice sees it. */
export function candidate(replica: MemoryReplica, nowMs: Ms): Candidate {
  const late = nowMs >= replica.startedMs + replica.times.readyTimeoutMs;
  const notReady = replica.phase === "waiting" || late ? "failing" : "starting";
  return {
    id: replica.id,
    draining: replica.drainingSinceMs !== undefined,
    ending: replica.endingSinceMs !== undefined,
    condition: replica.readySinceMs === undefined ? notReady : "ready",
    readySinceMs: replica.readySinceMs,
  };
}

function restarted(replica: MemoryReplica): void {
  replica.phase = "running";
  replica.startedMs = replica.restartMs;
  replica.restarts += 1;
  replica.behaviour = replica.times.behaviour(replica.revision);
}

function becomeReady(replica: MemoryReplica, nowMs: Ms): void {
  const { readyAfterMs = ms(1_000), crashAfterMs = Number.POSITIVE_INFINITY } = replica.behaviour;
  if (replica.readySinceMs !== undefined || readyAfterMs === "never" || readyAfterMs >= crashAfterMs) return;
  const readyMs = ms(replica.startedMs + readyAfterMs);
  if (nowMs >= readyMs) replica.readySinceMs = readyMs;
}
