// What does a Rollout name, and what is there of it?
import { KubeError } from "../adapters/kubernetes/client/errors.ts";
import type { Adoptees, Cluster, Placed } from "../adapters/kubernetes/cluster.ts";
import type { Adoptable } from "../adapters/kubernetes/client/objects.ts";
import type { AdoptedKind } from "../core/spec/deployment.ts";
import type { Adoptee } from "../core/spec/workload.ts";

/** What a Rollout names. */
export interface Named extends Adoptee {
  readonly namespace: string;
  readonly name: string;
  /** `Deployment app`. */
  readonly what: string;
  /** Among which objects it is known. */
  readonly among: Adoptees;
  readonly adoptable: Adoptable | undefined;
}

/** Looks for what a Rollout names. Rejects when objects of its kind may not be read. */
export async function named(cluster: Cluster, adoptee: Adoptee, namespace: string): Promise<Named> {
  const among = await cluster.adoptees(adoptee.kind);
  const { name } = adoptee.asked;
  const what = `${adoptee.kind} ${name}`;
  return { ...adoptee, namespace, name, what, among, adoptable: among.known.get(namespace, name) };
}

/** Why objects of a kind may not be read: an installation of before knows of fewer kinds. Rethrows every other error. */
export function forbidden(error: unknown): string {
  if (error instanceof KubeError && error.status === 403)
    return `${error.message}: apply what this version's serin export install prints`;
  throw error;
}

/** Says of an object of this kind that it shall have no pods. */
export const nothingOf = (kind: AdoptedKind): string => (kind === "DaemonSet" ? "runs on no node" : "is scaled to 0");

/** Under which keys its changes are heard. */
export function keysOf({ among, namespace, name, adoptable }: Named): readonly (string | undefined)[] {
  return [adoptable?.metadata.uid, `${among.resource.plural}/${namespace}/${name}`];
}

/** Whether an object with this UID is there, of whichever kind that is adopted. */
export async function isThere(cluster: Cluster, uid: string): Promise<boolean> {
  const has = (objects: Iterable<Adoptable>): boolean => [...objects].some(({ metadata }) => metadata.uid === uid);
  if (has(cluster.deployments.values())) return true;
  const placed = [cluster.statefulSets(), cluster.daemonSets()].map((known) => known.catch(() => undefined));
  return (await Promise.all<Placed | undefined>(placed)).some(
    (known) => known !== undefined && has(known.sets.values()),
  );
}
