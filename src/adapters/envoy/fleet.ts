// Which resources follow from all services that the same Envoys carry?
import { create } from "@bufbuild/protobuf";
import type { Listen } from "../../core/spec/listen.ts";
import { servedWeights } from "../../core/route.ts";
import { sameWeights, type RoutePool } from "../../core/split.ts";
import type { Secret } from "./protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { RuntimeSchema } from "./protos/envoy/service/runtime/v3/rtds_pb.ts";
import type { VirtualHost } from "./protos/envoy/config/route/v3/route_components_pb.ts";
import { clusterOf, endpointsOf, hasNames, type PoolCluster } from "./resources/cluster.ts";
import { listenerOf, type ListenerSettings } from "./resources/listener.ts";
import { clusterName, collectorName, listenerName, RUNTIME_LAYER } from "./resources/names.ts";
import { answeringRoles, copiesName, runtimeOf } from "./resources/route.ts";
import { tableOf, virtualHostOf } from "./resources/table.ts";
import { secretName, secretsOf } from "./resources/tls.ts";
import { collectorOf } from "./resources/tracing.ts";
import type { Served } from "./resources/types.ts";
import type { Snapshot } from "./xds/snapshot.ts";
import type { ResourceType } from "./xds/types.ts";

/** A resource that an Envoy must hold. */
export interface Needed {
  readonly type: ResourceType;
  readonly name: string;
}

/** One address of a service. */
interface Door {
  readonly at: Listen;
  readonly kind: "main" | "preview";
}

type SecretsOf = (spec: Served["spec"]) => readonly (readonly [name: string, secret: Secret])[];

/** What one service has at the Envoys: also what it had before, until `settle`. */
interface Laid {
  readonly doors: Map<string, { readonly door: Door; readonly front: string }>;
  readonly clusters: Set<string>;
  /** Those that others may have as well. */
  readonly shared: { readonly secret: Set<string>; readonly cluster: Set<string> };
}

/** All services of the Envoys of one name, as the resources that those take. */
export class Fleet {
  readonly snapshot: Snapshot;
  readonly #secrets: SecretsOf;
  readonly #services = new Map<string, Served>();
  readonly #laid = new Map<string, Laid>();
  /**
   * By service, then by generation: runtime keys where shares are not those that stand in the routes. Of two generations
   * while an Envoy may still follow routes that were there before.
   */
  readonly #keys = new Map<string, Map<string, Readonly<Record<string, number>>>>();
  /** Who listens where, by listener. */
  readonly #doors = new Map<string, Map<string, Door["kind"]>>();
  /** By listener, then by front. */
  readonly #hosts = new Map<string, Map<string, VirtualHost>>();
  /** Clusters in use, whose replicas may be looked at. */
  readonly #looked = new Set<string>();

  /** `secrets` reads the files of certificates. */
  constructor(snapshot: Snapshot, secrets: SecretsOf) {
    this.snapshot = snapshot;
    this.#secrets = secrets;
    this.#layRuntime();
  }

  get services(): ReadonlyMap<string, Served> {
    return this.#services;
  }

  /** Shares alone: one resource, which holds nothing of the services at rest. */
  share(served: Served): void {
    this.#services.set(served.service, served);
    const keys = this.#keys.get(served.service) ?? new Map<string, Readonly<Record<string, number>>>();
    const weights = servedWeights(served.route);
    if (sameWeights(weights, served.base)) keys.delete(served.generation);
    else keys.set(served.generation, runtimeOf(served, weights));
    this.#keep(served.service, keys);
  }

  /** Replicas alone. */
  populate(served: Served): void {
    this.#services.set(served.service, served);
    for (const cluster of clustersOf(served)) this.#layCluster(cluster);
  }

  /** What the routes of a service will name: no request gets there before they do. */
  prepare(served: Served): void {
    const { clusters, shared } = this.#of(served.service);
    const { tracing } = served.spec;
    if (tracing) {
      const name = collectorName(tracing.url);
      shared.cluster.add(name);
      this.snapshot.set("cluster", name, collectorOf(tracing));
    }
    for (const cluster of clustersOf(served)) {
      clusters.add(cluster.name);
      this.#layCluster(cluster);
    }
  }

  /** Everything of these services. What they had before stays beside it, for it may be refused. */
  place(all: readonly Served[]): void {
    const doors = new Map<string, { readonly door: Door; readonly fronts: Set<string> }>();
    for (const served of all) {
      this.#services.set(served.service, served);
      const laid = this.#of(served.service);
      for (const door of doorsOf(served)) {
        const name = listenerName(door.at);
        const one = doors.get(name) ?? { door, fronts: new Set<string>() };
        doors.set(name, one);
        one.fronts.add(served.front).add(laid.doors.get(name)?.front ?? served.front);
        laid.doors.set(name, { door, front: served.front });
        this.#enter(name, served.service, door.kind);
      }
      this.prepare(served);
    }
    for (const { door, fronts } of doors.values()) this.#layDoor(door, fronts);
  }

  /** What it had before goes: its Envoys have turned from it. */
  settle(service: string): void {
    const served = this.#services.get(service);
    if (!served) return;
    const laid = this.#of(service);
    const clusters = clustersOf(served);
    const names = new Set(clusters.map(({ name }) => name));
    for (const name of laid.clusters) if (!names.has(name)) this.#removeCluster(name, laid);
    if (served.spec.healthCheck) for (const cluster of clusters) this.#look(cluster);
    const doors = new Set(doorsOf(served).map(({ at }) => listenerName(at)));
    for (const name of laid.doors.keys()) if (!doors.has(name)) this.#leave(name, service);
    const { tracing } = served.spec;
    this.#unshare(laid, "secret", secretsOf(served.spec).map(secretName));
    this.#unshare(laid, "cluster", tracing ? [collectorName(tracing.url)] : []);
    const keys = this.#keys.get(service);
    const own = keys?.get(served.generation);
    if (keys && keys.size !== (own ? 1 : 0)) this.#keep(service, new Map(own ? [[served.generation, own]] : []));
  }

  drop(service: string): void {
    const laid = this.#laid.get(service);
    if (!laid) return;
    this.#services.delete(service);
    for (const name of laid.doors.keys()) this.#leave(name, service);
    for (const name of laid.clusters) this.#removeCluster(name, laid);
    this.#unshare(laid, "secret", []);
    this.#unshare(laid, "cluster", []);
    this.#laid.delete(service);
    if (this.#keys.has(service)) this.#keep(service, new Map());
  }

  /** What an Envoy must hold to carry a service as it was last placed. */
  neededBy(served: Served): readonly Needed[] {
    const { spec } = served;
    const doors = doorsOf(served).flatMap(({ at }): Needed[] => [
      { type: "listener", name: listenerName(at) },
      { type: "routes", name: listenerName(at) },
    ]);
    const secrets = secretsOf(spec).map((files): Needed => ({ type: "secret", name: secretName(files) }));
    return [...this.namedBy(served), ...doors, ...secrets, { type: "runtime", name: RUNTIME_LAYER }];
  }

  /** Of that, what its routes name. */
  namedBy(served: Served): readonly Needed[] {
    return clustersOf(served).flatMap(({ name, pool }): Needed[] => {
      const cluster: Needed = { type: "cluster", name };
      return hasNames(pool) ? [cluster] : [cluster, { type: "endpoints", name }];
    });
  }

  /** The services that listen where this one does, without itself. */
  neighbours({ service, spec }: Pick<Served, "service" | "spec">): readonly Served[] {
    const own = new Set(doorsOf({ spec }).map(({ at }) => listenerName(at)));
    const names = new Set<string>();
    for (const door of own) for (const name of this.#doors.get(door)?.keys() ?? []) names.add(name);
    return [...names].flatMap((name) => {
      const other = this.#services.get(name);
      // One that has gone elsewhere is there only until its Envoys have turned from it.
      const stays = other && doorsOf(other).some(({ at }) => own.has(listenerName(at)));
      return stays && name !== service ? [other] : [];
    });
  }

  /** Reads the files of a service's certificates; what is thrown of one changes nothing. */
  renew({ service, spec }: Pick<Served, "service" | "spec">): void {
    const read = this.#secrets(spec);
    const { shared } = this.#of(service);
    for (const [name, secret] of read) {
      shared.secret.add(name);
      this.snapshot.set("secret", name, secret);
    }
  }

  /** What it no longer has goes, unless another service has it: private keys above all. */
  #unshare({ shared }: Laid, type: keyof Laid["shared"], kept: readonly string[]): void {
    for (const name of shared[type]) {
      if (kept.includes(name)) continue;
      shared[type].delete(name);
      const isUsed = [...this.#laid.values()].some((laid) => laid.shared[type].has(name));
      if (!isUsed) this.snapshot.remove(type, name);
    }
  }

  #of(service: string): Laid {
    let laid = this.#laid.get(service);
    if (!laid) this.#laid.set(service, (laid = nothingLaid()));
    return laid;
  }

  #enter(name: string, service: string, kind: Door["kind"]): void {
    let there = this.#doors.get(name);
    if (!there) this.#doors.set(name, (there = new Map()));
    there.set(service, kind);
  }

  #leave(name: string, service: string): void {
    const doors = this.#laid.get(service)?.doors;
    const left = doors?.get(name);
    doors?.delete(name);
    const there = this.#doors.get(name);
    there?.delete(service);
    if (there?.size === 0) this.#doors.delete(name);
    if (left) this.#layDoor(left.door, new Set([left.front]));
  }

  #keep(service: string, keys: Map<string, Readonly<Record<string, number>>>): void {
    if (keys.size > 0) this.#keys.set(service, keys);
    else this.#keys.delete(service);
    this.#layRuntime();
  }

  /**
   * A cluster is not there before the first look at each of its replicas has ended, and requests for it are lost meanwhile. So
   * nobody looks before it is in use.
   */
  #look(cluster: PoolCluster): void {
    if (this.#looked.has(cluster.name)) return;
    this.#looked.add(cluster.name);
    this.#layCluster(cluster);
  }

  #layCluster(cluster: PoolCluster): void {
    const { name, pool, spec } = cluster;
    const settings = this.snapshot.set("cluster", name, clusterOf(cluster));
    const looks = spec.healthCheck === undefined || this.#looked.has(name);
    if (hasNames(pool)) this.snapshot.remove("endpoints", name);
    else this.snapshot.set("endpoints", name, endpointsOf(cluster, { settings, looks }));
  }

  #removeCluster(name: string, { clusters }: Laid): void {
    clusters.delete(name);
    this.#looked.delete(name);
    this.snapshot.remove("cluster", name);
    this.snapshot.remove("endpoints", name);
  }

  /** A listener with the routes of all who share it; those of the fronts named are made anew. */
  #layDoor({ at }: Door, fronts: ReadonlySet<string>): void {
    const name = listenerName(at);
    const own = [...(this.#doors.get(name) ?? [])].flatMap(([service, kind]) => {
      const served = this.#services.get(service);
      return served ? [{ served, kind }] : [];
    });
    const [first] = own;
    if (!first) {
      this.#hosts.delete(name);
      this.snapshot.remove("listener", name);
      return this.snapshot.remove("routes", name);
    }
    const hosts = this.#hosts.get(name) ?? new Map<string, VirtualHost>();
    this.#hosts.set(name, hosts);
    const byFront = Map.groupBy(own, ({ served }) => served.front);
    for (const front of fronts) {
      const services = byFront.get(front) ?? [];
      const kind = services[0]?.kind;
      const all = services.map(({ served }) => served);
      if (kind) hosts.set(front, virtualHostOf(all, kind));
      else hosts.delete(front);
    }
    this.snapshot.set("routes", name, tableOf(name, [...hosts.values()]));
    const tls = tlsOf(own.map(({ served }) => served));
    this.snapshot.set("listener", name, listenerOf({ at, settings: settingsOf(first.served), tls }));
  }

  #layRuntime(): void {
    const layer: Record<string, number> = {};
    for (const keys of this.#keys.values()) for (const own of keys.values()) Object.assign(layer, own);
    this.snapshot.set("runtime", RUNTIME_LAYER, create(RuntimeSchema, { name: RUNTIME_LAYER, layer }));
  }
}

function nothingLaid(): Laid {
  return { doors: new Map(), clusters: new Set(), shared: { secret: new Set(), cluster: new Set() } };
}

export function doorsOf({ spec: { listen, preview } }: Pick<Served, "spec">): readonly Door[] {
  return [{ at: listen, kind: "main" }, ...(preview ? [{ at: preview, kind: "preview" as const }] : [])];
}

/** What holds before it is known whose request it is. */
export function settingsOf({ front, spec }: Pick<Served, "front" | "spec">): ListenerSettings {
  const { timeouts, tracing, trustForwarded, evidence } = spec;
  const { keepAliveMs, headMs } = timeouts;
  return { timeouts: { keepAliveMs, headMs }, tracing, trustForwarded, logs: evidence === "access-log", name: front };
}

/** Each certificate once, with the hosts that it is for. */
export function tlsOf(services: readonly Served[]) {
  const byFiles = new Map<string, { hosts: Set<string>; files: NonNullable<Served["spec"]["tls"]> }>();
  for (const { spec } of services) {
    if (!spec.tls) continue;
    const key = `${spec.tls.cert} ${spec.tls.key}`;
    const one = byFiles.get(key) ?? { hosts: new Set(), files: spec.tls };
    for (const host of spec.hosts) one.hosts.add(host);
    byFiles.set(key, one);
  }
  return [...byFiles.values()].map(({ hosts, files }) => ({ hosts: [...hosts], files }));
}

const NOBODY: RoutePool = { pool: "nobody", backends: [] };

/**
 * The clusters of a service: one per pool that answers users, and one for the copies that a pool gets. That one stays while
 * the pool does, though nobody answers: with it would go what was counted.
 */
export function clustersOf({ service, route, spec }: Served): readonly PoolCluster[] {
  const roles = answeringRoles(route);
  const users = roles.map((role): PoolCluster => {
    const pool = route.pools[role] ?? NOBODY;
    return { name: clusterName(service, pool.pool), role, pool, spec, copies: false };
  });
  const copies = (route.split.mirror?.to ?? []).flatMap((role): PoolCluster[] => {
    const pool = route.pools[role];
    return pool ? [{ name: copiesName(service, pool.pool), role, pool, spec, copies: true }] : [];
  });
  return [...users, ...copies];
}
