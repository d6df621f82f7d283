// What should every Envoy of a fleet hold?
import { createHash } from "node:crypto";
import { toBinary, type DescMessage } from "@bufbuild/protobuf";
import type { Cluster } from "../protos/envoy/config/cluster/v3/cluster_pb.ts";
import { ORDER, RESOURCES, type ResourceMessage, type ResourceType } from "./types.ts";
import { makeResource, type Resource } from "./resource.ts";

/** Told at once of every change; `name` may have been set, changed or removed. */
export type SnapshotWatcher = (type: ResourceType, name: string) => void;

/** The endpoints, if they come by these streams, without which a cluster does not get warm. */
function awaited({ name, edsClusterConfig }: Cluster): string | undefined {
  const source = edsClusterConfig?.edsConfig?.configSourceSpecifier.case;
  if (source !== "ads" && source !== "self") return undefined;
  return edsClusterConfig?.serviceName || name;
}

/**
 * Resources by type and name. A resource's version is the hash of its content, so that whoever sets the same again, in
 * another process too, changes nothing. Changes of one turn of the event loop reach an Envoy together, in the order of `ORDER`.
 */
export class Snapshot {
  readonly #resources = new Map<ResourceType, Map<string, Resource>>(ORDER.map((type) => [type, new Map()]));
  readonly #watchers = new Set<SnapshotWatcher>();

  /** Sets or replaces a resource; the version that it has now. Work does not depend on how many others there are. */
  set<T extends ResourceType>(type: T, name: string, message: ResourceMessage<T>): string {
    const { schema } = RESOURCES[type];
    const bytes = toBinary<DescMessage>(schema, message);
    const version = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const all = this.all(type);
    if (all.get(name)?.version === version) return version;
    const awaits = type === "cluster" ? awaited(message as Cluster) : undefined;
    all.set(name, makeResource({ type, name, version, awaits }, bytes));
    this.#tell(type, name);
    return version;
  }

  /** Takes a resource away; an Envoy loses a cluster only after it took the routes that no longer name it. */
  remove(type: ResourceType, name: string): void {
    if (this.all(type).delete(name)) this.#tell(type, name);
  }

  version(type: ResourceType, name: string): string | undefined {
    return this.all(type).get(name)?.version;
  }

  names(type: ResourceType): readonly string[] {
    return [...this.all(type).keys()];
  }

  /** For the streams: the resources of one type. */
  all(type: ResourceType): Map<string, Resource> {
    const all = this.#resources.get(type);
    if (!all) throw new RangeError(`no resource type: ${type}`);
    return all;
  }

  /** For the streams: is called with every change until the function that comes back is called. */
  watch(watcher: SnapshotWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(type: ResourceType, name: string): void {
    for (const watcher of this.#watchers) watcher(type, name);
  }
}
