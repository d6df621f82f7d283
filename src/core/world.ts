// What does the world look like to the engine: what runs, who gets traffic, what was seen of it?
import type { Backend, Role, Split } from "./split.ts";
import type { Ms } from "./units.ts";

/** What a look answered: a value, nothing there, or nothing readable and why. Never a guess. */
export type Observed<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string };

/** Something was seen. */
export function seen<T>(value: T): Observed<T> {
  return { kind: "value", value };
}

/** Nothing is there. */
export const ABSENT = { kind: "absent" } as const;

/** It cannot be told. */
export function unreadable(why: string): Observed<never> {
  return { kind: "unreadable", why };
}

/** An immutable version of a service: whatever the workload needs to run it, as plain data, named by its content. */
export interface Revision<T = unknown> {
  /** First 10 hexadecimal digits of the SHA-256 of the content. */
  readonly id: string;
  readonly template: T;
}

/** A pool that shall exist. Its name never changes; its role may. */
export interface WantedPool {
  readonly pool: string;
  /** What it is for now. `former` was stable until the promotion. */
  readonly role?: Role | "former" | undefined;
  readonly revision: Revision;
  readonly size: number;
}

/** One running instance. */
export interface Replica extends Omit<Backend, "replica"> {
  readonly id: string;
  readonly state: "starting" | "ready" | "failing" | "draining";
  /** Since when it has been ready without a break. */
  readonly readySinceMs?: Ms | undefined;
  /** Restarts so far. */
  readonly restarts: number;
  /** Why it is not ready, in a few words: `exited with code 1: Error: no such table`. */
  readonly why?: string | undefined;
  /** It cannot start however often it is tried: its command does not exist. */
  readonly hopeless?: boolean | undefined;
}

/** The replicas that answer. */
export function readyAmong(replicas: readonly Replica[]): readonly Replica[] {
  return replicas.filter(({ state }) => state === "ready");
}

/** What keeps replicas from being ready: the first reason given. */
export function troubleOf(replicas: readonly Replica[]): string {
  return replicas.find(({ state, why }) => state !== "ready" && why)?.why ?? "";
}

/** What runs under a pool's name. */
export interface RunningPool {
  readonly pool: string;
  readonly revision: string;
  readonly replicas: readonly Replica[];
  /** Each replica carries all of the traffic: addresses that somebody else runs, of whatever size. */
  readonly unlimited?: boolean | undefined;
}

/** What a data plane does now, read back from it. */
export interface Carried {
  readonly split: Split;
  /** Replicas that it may still send requests to, or that still answer one. A draining replica ends after this. */
  readonly busy: readonly string[];
  /** Where clients reach the service: `http://127.0.0.1:8080`. */
  readonly address: string;
  /** The second address, where there is one: requests there are of listener `preview`. */
  readonly preview?: string | undefined;
}
