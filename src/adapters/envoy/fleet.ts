// Which resources follow from all services that the same Envoys carry?
import { create } from "@bufbuild/protobuf";
import type { Listen } from "../../core/spec/listen.ts";
import { servedWeights } from "../../core/route.ts";
import { sameWeights, type RoutePool } from "../../core/split.ts";
import { RuntimeSchema } from "./protos/envoy/service/runtime/v3/rtds_pb.ts";
import type { VirtualHost } from "./protos/envoy/config/route/v3/route_components_pb.ts";
import { clusterOf, endpointsOf, hasNames, type PoolCluster } from "./resources/cluster.ts";
import { listenerOf, type ListenerSettings } from "./resources/listener.ts";
import { clusterName, collectorName, listenerName, RUNTIME_LAYER } from "./resources/names.ts";
import { answeringRoles, copiesName, runtimeOf } from "./resources/route.ts";
import { tableOf, virtualHostOf } from "./resources/table.ts";
import { secretName, secretOf, secretsOf } from "./resources/tls.ts";
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

/** All services of the Envoys of one name, as the resources that those take. */
export class Fleet {
  readonly snapshot: Snapshot;
  readonly #read: (file: string) => string;
  readonly #services = new Map<string, Served>();
  /** Runtime keys of services whose shares are not those that stand in their routes. */
  readonly #runtime = new Map<string, Readonly<Record<string, number>>>();
  readonly #clusters = new Map<string, readonly string[]>();
  /** By listener, then by front. */
  readonly #hosts = new Map<string, Map<string, VirtualHost>>();

  /** `read` answers the text of a file of certificates. */
  constructor(snapshot: Snapshot, read: (file: string) => string) {
    this.snapshot = snapshot;
    this.#read = read;
    this.#layRuntime();
  }

  get services(): ReadonlyMap<string, Served> {
    return this.#services;
  }

  /** Shares alone: one resource, which holds nothing of the services at rest. */
  share(served: Served): void {
    this.#services.set(served.service, served);
    const weights = servedWeights(served.route);
    if (sameWeights(weights, served.base)) this.#runtime.delete(served.service);
    else this.#runtime.set(served.service, runtimeOf(served, weights));
    this.#layRuntime();
  }

  /** Replicas alone. */
  populate(served: Served): void {
    this.#services.set(served.service, served);
    for (const cluster of clustersOf(served)) this.#layCluster(cluster);
  }

  /** Everything of these services. Their runtime keys stay as they are, for routes in force may still look at them. */
  place(all: readonly Served[]): void {
    const doors = new Map<string, Door>();
    for (const served of all) {
      const before = this.#services.get(served.service);
      this.#services.set(served.service, served);
      for (const door of [...(before ? doorsOf(before) : []), ...doorsOf(served)])
        doors.set(listenerName(door.at), door);
      this.#layService(served);
    }
    for (const door of doors.values()) this.#layDoor(door, new Set(all.map(({ front }) => front)));
  }

  drop(service: string): void {
    const served = this.#services.get(service);
    if (!served) return;
    this.#services.delete(service);
    this.#runtime.delete(service);
    this.#layRuntime();
    for (const door of doorsOf(served)) this.#layDoor(door, new Set([served.front]));
    for (const name of this.#clusters.get(service) ?? []) this.#removeCluster(name);
    this.#clusters.delete(service);
  }

  /** What an Envoy must hold to carry a service as it was last placed. */
  neededBy(served: Served): readonly Needed[] {
    const { spec } = served;
    const clusters = clustersOf(served).flatMap(({ name, pool }): Needed[] => {
      const cluster: Needed = { type: "cluster", name };
      return hasNames(pool) ? [cluster] : [cluster, { type: "endpoints", name }];
    });
    const doors = doorsOf(served).flatMap(({ at }): Needed[] => [
      { type: "listener", name: listenerName(at) },
      { type: "routes", name: listenerName(at) },
    ]);
    const secrets = secretsOf(spec).map((files): Needed => ({ type: "secret", name: secretName(files) }));
    return [...clusters, ...doors, ...secrets, { type: "runtime", name: RUNTIME_LAYER }];
  }

  /** The services that listen where this one does, without itself. */
  neighbours({ service, spec }: Pick<Served, "service" | "spec">): readonly Served[] {
    const own = new Set(doorsOf({ spec }).map(({ at }) => listenerName(at)));
    return [...this.#services.values()].filter(
      (other) => other.service !== service && doorsOf(other).some(({ at }) => own.has(listenerName(at))),
    );
  }

  /** Reads the files of a service's certificates again. */
  renew({ spec }: Served): void {
    for (const files of secretsOf(spec)) {
      this.snapshot.set("secret", secretName(files), secretOf(files, this.#read));
    }
  }

  #layService(served: Served): void {
    this.renew(served);
    const { tracing } = served.spec;
    if (tracing) this.snapshot.set("cluster", collectorName(tracing.url), collectorOf(tracing));
    const clusters = clustersOf(served);
    for (const cluster of clusters) this.#layCluster(cluster);
    const names = clusters.map(({ name }) => name);
    for (const name of this.#clusters.get(served.service) ?? []) if (!names.includes(name)) this.#removeCluster(name);
    this.#clusters.set(served.service, names);
  }

  #layCluster(cluster: PoolCluster): void {
    const { name } = cluster;
    this.snapshot.set("cluster", name, clusterOf(cluster));
    if (hasNames(cluster.pool)) this.snapshot.remove("endpoints", name);
    else this.snapshot.set("endpoints", name, endpointsOf(cluster));
  }

  #removeCluster(name: string): void {
    this.snapshot.remove("cluster", name);
    this.snapshot.remove("endpoints", name);
  }

  /** A listener with the routes of all who share it; those of the fronts named are made anew. */
  #layDoor({ at }: Door, fronts: ReadonlySet<string>): void {
    const name = listenerName(at);
    const own = [...this.#services.values()].flatMap((served) =>
      doorsOf(served)
        .filter((door) => listenerName(door.at) === name)
        .map(({ kind }) => ({ served, kind })),
    );
    const [first] = own;
    if (!first) {
      this.#hosts.delete(name);
      this.snapshot.remove("listener", name);
      return this.snapshot.remove("routes", name);
    }
    const hosts = this.#hosts.get(name) ?? new Map<string, VirtualHost>();
    this.#hosts.set(name, hosts);
    for (const front of fronts) {
      const services = own.filter(({ served }) => served.front === front);
      const kind = services[0]?.kind;
      if (kind)
        hosts.set(
          front,
          virtualHostOf(
            services.map(({ served }) => served),
            kind,
          ),
        );
      else hosts.delete(front);
    }
    this.snapshot.set("routes", name, tableOf(name, [...hosts.values()]));
    this.snapshot.set(
      "listener",
      name,
      listenerOf({ at, settings: settingsOf(first.served), tls: tlsOf(own.map(({ served }) => served)) }),
    );
  }

  #layRuntime(): void {
    const layer = Object.assign({}, ...this.#runtime.values()) as Record<string, number>;
    this.snapshot.set("runtime", RUNTIME_LAYER, create(RuntimeSchema, { name: RUNTIME_LAYER, layer }));
  }
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
