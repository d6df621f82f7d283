// What is the least of a cluster that a router can stand on?
//
// Objects in memory, written as an API server writes them: a merge patch only onto the version that it names, versions and
// generations that count up, owners' fields kept. Time goes by when somebody waits for it.
import { Adopted, type Adopter } from "../../src/adapters/kubernetes/adopted.ts";
import type { Cluster } from "../../src/adapters/kubernetes/cluster.ts";
import { KubeError } from "../../src/adapters/kubernetes/client/errors.ts";
import { keyOf, type KubeObject, type Resource } from "../../src/adapters/kubernetes/client/objects.ts";
import type { RouterOptions } from "../../src/adapters/kubernetes/routers/cluster-router.ts";
import type { Backend, Role, Route, RoutePool, Split } from "../../src/core/split.ts";
import { ms, type Ms } from "../../src/core/units.ts";

type Json = Record<string, unknown>;

/** One write, as a test reads it: `merge VirtualService shop`. */
export type Written = string;

const OWNER: Adopter = {
  namespace: "prod",
  name: "shop",
  uid: "uid-of-the-rollout",
  adoptee: "shop",
  adopteeUid: "uid-of-the-deployment",
};

/** Whose pods of each pool are ready, and whose ReplicaSet has which hash. */
interface MemoryPool {
  readonly hash: string;
  readonly size: number;
}

export class MemoryCluster {
  readonly writes: Written[] = [];
  readonly pools = new Map<string, MemoryPool>();
  readonly adopted: Adopted;
  roles: Partial<Record<Role, string>> = {};
  /** Called after each write, as a controller that answers. */
  wrote: ((object: KubeObject) => void) | undefined;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #missing: ReadonlySet<string>;
  #version = 100;
  #nowMs = 1_000_000;

  constructor(options: { readonly missing?: readonly string[] } = {}) {
    this.#missing = new Set(options.missing);
    this.adopted = new Adopted(this.#cluster() as unknown as Cluster, OWNER);
  }

  get options(): RouterOptions {
    return { adopted: this.adopted, roles: () => this.roles };
  }

  /** Puts an object there, as somebody else would. */
  put(object: KubeObject): void {
    const metadata = { namespace: "prod", uid: `uid-${(this.#version += 1)}`, generation: 1, ...object.metadata };
    const whole = { ...object, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.kind(object.kind ?? "").set(keyOf(whole), whole);
  }

  get(kind: string, name: string): KubeObject | undefined {
    return this.kind(kind).get(`prod/${name}`);
  }

  kind(kind: string): Map<string, KubeObject> {
    const found = this.#objects.get(kind) ?? new Map<string, KubeObject>();
    this.#objects.set(kind, found);
    return found;
  }

  passes(timeMs: number): void {
    this.#nowMs += timeMs;
  }

  /** A route of a split, with these pools ready. */
  route(split: Split, pools: Readonly<Partial<Record<Role, string>>>): Route {
    this.roles = pools;
    const named = Object.entries(pools).map(([role, pool]): [string, RoutePool] => [
      role,
      { pool, backends: this.#backends(pool) },
    ]);
    return { split, pools: Object.fromEntries(named) };
  }

  #backends(pool: string): readonly Backend[] {
    const { size = 0 } = this.pools.get(pool) ?? {};
    return Array.from({ length: size }, (_none, at) => ({ replica: `${pool}-${at}`, host: "10.0.0.1", port: 8080 }));
  }

  #cluster() {
    const informer = (kind: string) => ({
      get: (namespace: string | undefined, name: string) => this.kind(kind).get(`${namespace ?? ""}/${name}`),
      values: () => this.kind(kind).values(),
      stale: () => undefined,
      wrote: () => undefined,
    });
    const sets = () =>
      [...this.pools].map(([pool, { hash, size }]) => ({
        metadata: {
          uid: `set-${pool}`,
          name: pool,
          annotations: { "serin.dev/pool": `${OWNER.uid}/${OWNER.adopteeUid}/${pool}` },
        },
        hash,
        replicas: size,
      }));
    return {
      clock: {
        now: (): Ms => ms(this.#nowMs),
        sleep: (durationMs: number) => Promise.resolve(this.passes(durationMs)),
      },
      services: informer("Service"),
      deployments: { get: () => ({ metadata: { uid: OWNER.adopteeUid } }) },
      setsOf: { of: (uid: string | undefined) => (uid === OWNER.uid ? sets() : []) },
      podsOf: {
        of: (uid: string) => {
          const pool = uid.replace(/^set-/u, "");
          return this.#backends(pool).map(({ replica, host }) => ({
            metadata: { name: replica },
            ready: true,
            ip: host,
          }));
        },
      },
      blind: () => undefined,
      more: ({ kind }: Resource) =>
        this.#missing.has(kind)
          ? Promise.reject(new KubeError(`GET ${kind}`, { status: 404, reason: "NotFound", message: "not found" }))
          : Promise.resolve(informer(kind)),
      client: {
        merge: (at: { resource: Resource; namespace?: string; name: string }, patch: Json) => this.#merge(at, patch),
        apply: (resource: Resource, object: KubeObject) => this.#apply(resource, object),
        delete: (resource: Resource, { namespace, name }: { namespace?: string; name: string }) => {
          this.writes.push(`delete ${resource.kind} ${name}`);
          this.kind(resource.kind).delete(`${namespace ?? ""}/${name}`);
          return Promise.resolve();
        },
      },
    };
  }

  #store(kind: string, object: KubeObject, before: KubeObject | undefined): KubeObject {
    this.#version += 1;
    const isSpec = JSON.stringify(specOf(object)) !== JSON.stringify(before && specOf(before));
    const generation = (before?.metadata.generation ?? 0) + (isSpec ? 1 : 0);
    const uid = before?.metadata.uid ?? `uid-${this.#version}`;
    const metadata = { ...object.metadata, uid, generation, resourceVersion: String(this.#version) };
    const whole = { ...object, kind, metadata };
    this.kind(kind).set(keyOf(whole), whole);
    this.wrote?.(whole);
    return this.kind(kind).get(keyOf(whole)) ?? whole;
  }

  #merge(
    { resource, namespace, name }: { resource: Resource; namespace?: string; name: string },
    patch: Json,
  ): Promise<KubeObject> {
    const found = this.kind(resource.kind).get(`${namespace ?? ""}/${name}`);
    this.writes.push(`merge ${resource.kind} ${name}`);
    const { resourceVersion } = (patch["metadata"] ?? {}) as { resourceVersion?: string };
    if (!found)
      return Promise.reject(new KubeError("PATCH", { status: 404, reason: "NotFound", message: "not found" }));
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion) {
      return Promise.reject(new KubeError("PATCH", { status: 409, reason: "Conflict", message: "changed since" }));
    }
    return Promise.resolve(this.#store(resource.kind, merged(found, patch) as KubeObject, found));
  }

  #apply({ kind }: Resource, object: KubeObject): Promise<KubeObject> {
    const found = this.kind(kind).get(keyOf(object));
    this.writes.push(`apply ${kind} ${object.metadata.name}`);
    // What is not said reads as nothing: it goes through JSON.
    return Promise.resolve(this.#store(kind, structuredClone(JSON.parse(JSON.stringify(object)) as KubeObject), found));
  }
}

function specOf(object: KubeObject): unknown {
  return "spec" in object ? object.spec : undefined;
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base: Json =
    typeof target === "object" && target !== null && !Array.isArray(target) ? { ...(target as Json) } : {};
  for (const [name, value] of Object.entries(JSON.parse(JSON.stringify(patch)) as Json)) {
    if (value === null) delete base[name];
    else base[name] = merged(base[name], value);
  }
  return base;
}
