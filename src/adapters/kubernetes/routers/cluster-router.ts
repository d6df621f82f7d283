// What do all routers of a cluster have in common?
import { SerinError } from "../../../core/issues.ts";
import type { Role, Route } from "../../../core/split.ts";
import type { Call } from "../../../ports/observed.ts";
import type { Router } from "../../../ports/router.ts";
import type { Adopted, Versions } from "../adopted.ts";
import type { Service } from "../client/objects.ts";

/** A router that follows what the cluster says of pods. */
export interface ClusterRouter extends Router {
  /**
   * Resolves once pods of a ReplicaSet that is about to be made would get no request: whatever selects the service's pods
   * is narrowed to those of stable first.
   */
  isolate(call: Call): Promise<void>;
  /** Takes that back, once pods of stable are all that runs. */
  settle?(call: Call): Promise<void>;
}

/** What a router of a cluster stands on. */
export interface RouterOptions<V extends Versions = Adopted> {
  readonly adopted: V;
  /** Which pool has which role, as it was written down last. */
  readonly roles: () => Readonly<Partial<Record<Role, string>>>;
}

/** The value of the label that tells versions apart on each role's pods, where it is known. */
export type Hashes = Readonly<Partial<Record<Role, string>>>;

/** By which label value the roles of a route are told apart. */
export function hashesOf(versions: Versions, pools: Readonly<Partial<Record<Role, string>>>): Hashes {
  const found = Object.entries(pools).flatMap(([role, pool]) => {
    const hash = versions.hashOf(pool);
    return hash === undefined ? [] : [[role, hash]];
  });
  return Object.fromEntries(found) as Hashes;
}

/** The pools of a route, by role. */
export function poolsOf({ pools }: Route): Readonly<Partial<Record<Role, string>>> {
  const named = Object.entries(pools).map(([role, { pool }]) => [role, pool]);
  return Object.fromEntries(named) as Readonly<Partial<Record<Role, string>>>;
}

/** Where callers inside the cluster reach a Service, at its first port where none is named. */
export function addressOf({ metadata, spec }: Service, port = spec.ports?.[0]?.port): string {
  const { name, namespace } = metadata;
  return `http://${name}.${namespace ?? "default"}${port === undefined ? "" : `:${port}`}`;
}

export function refusedRoute(wrong: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_BAD_ROUTE",
    what: "the route cannot be followed",
    found: wrong.join("; "),
    now: "the last route stays in force",
  });
}
