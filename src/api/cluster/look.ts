// What does a service look like, as the cluster itself tells it?
import { KubeError } from "../../adapters/kubernetes/client/errors.ts";
import {
  RESOURCES,
  type KubeObject,
  type Pod,
  type ReplicaSet,
  type Resource,
} from "../../adapters/kubernetes/client/objects.ts";
import { knownPod, knownSet, type KnownPod } from "../../adapters/kubernetes/keep.ts";
import { markIn } from "../../adapters/kubernetes/mark.ts";
import { notedOf } from "../../adapters/kubernetes/command.ts";
import { ownerOf } from "../../adapters/kubernetes/owned.ts";
import { savedIn } from "../../adapters/kubernetes/packed.ts";
import { replicasOf } from "../../adapters/kubernetes/replica.ts";
import { serviceOf } from "../../adapters/kubernetes/service-name.ts";
import type { ServiceState } from "../../core/engine/state.ts";
import { messageOf } from "../../core/issues.ts";
import { ROLES, shareOf, type Weights } from "../../core/split.ts";
import { ms, weight, WHOLE, type Ms } from "../../core/units.ts";
import { ABSENT, seen, unreadable, type Observed, type RunningPool } from "../../core/world.ts";
import { readState } from "../../runtime/saved.ts";
import type { ServiceView } from "../contract.ts";
import { viewOf } from "../view.ts";
import { whyNot, type Reach, type StoredRollout } from "./reach.ts";

/** What runs in a namespace, as far as the person may see it. */
export type Running = Observed<{ readonly sets: readonly ReplicaSet[]; readonly pods: readonly KnownPod[] }>;

/** ReplicaSets and pods of a namespace, or of all. That they may not be seen is no failure: then less is told. */
export async function runningIn(reach: Reach, namespace: string | undefined): Promise<Running> {
  const all = async <T extends KubeObject>(resource: Resource): Promise<readonly T[]> =>
    (await reach.client.list<T>(resource, { namespace }, reach.call())).items;
  try {
    const [sets, pods] = await Promise.all([all<ReplicaSet>(RESOURCES.replicaSets), all<Pod>(RESOURCES.pods)]);
    return seen({ sets, pods: pods.map(knownPod) });
  } catch (error) {
    if (error instanceof KubeError && error.status === 403) return unreadable("you may not see ReplicaSets and pods");
    return unreadable(messageOf(error));
  }
}

/** A Rollout as a service: its state by the controller's own record, its pods by what runs. */
export function lookAt(object: StoredRollout, running: Running): ServiceView {
  const { status } = object;
  const [service, { namespace }] = [serviceOf(object), object.metadata];
  const nowMs = ms(Date.now());
  const saved = savedIn(object);
  const troubles = troublesOf(object, running);
  if (!saved) return { ...UNKNOWN, service, namespace, nowMs, troubles };
  const state = readState(service, saved);
  const traffic = unreadable("the controller tells of it");
  const seenNow = {
    state,
    world: { pools: poolsIn(object, { running, nowMs }), traffic },
    measured: undefined,
    troubles,
  };
  const reported = reportedOf(state, status?.weight?.measured);
  const view = viewOf(seenNow, nowMs);
  // Pods say it as of now; the status as of when it was last written.
  const health = running.kind === "unreadable" ? (status?.health ?? "unknown") : view.health;
  return { ...view, namespace, health, reported };
}

/** A service that no controller has decided anything about. */
export const UNKNOWN = {
  version: 0,
  health: "unknown",
  pools: [],
  wanted: {},
  split: { weights: {} },
  history: [],
  quarantine: [],
  recent: [],
} as const;

function troublesOf(object: StoredRollout, running: Running): Readonly<Record<string, string>> {
  const noted = notedOf(object);
  const isNew = savedIn(object) === undefined;
  const why = isNew ? whyNot(object) : object.status?.message;
  return {
    ...(why === undefined ? {} : { rollout: why }),
    ...(object.metadata.deletionTimestamp === undefined
      ? {}
      : { deletion: "it is deleted, and goes once stable serves alone" }),
    ...(noted?.ok ? { command: `${noted.command.kind} by ${noted.command.actor} waits for the controller` } : {}),
    ...(running.kind === "unreadable" ? { pods: running.why } : {}),
  };
}

/** The pools of one Rollout among all that runs. */
function poolsIn(
  { metadata }: StoredRollout,
  { running, nowMs }: { readonly running: Running; readonly nowMs: Ms },
): Observed<readonly RunningPool[]> {
  if (running.kind !== "value") return running;
  const { sets, pods } = running.value;
  const found = sets.flatMap((set): RunningPool[] => {
    const mark = markIn(set.metadata.annotations);
    if (mark === undefined || mark.rollout !== metadata.uid) return [];
    const known = knownSet(set);
    const own = pods.filter((pod) => ownerOf(pod) === set.metadata.uid);
    if (known.replicas === 0 && own.length === 0) return [];
    const replicas = replicasOf(known, own, { port: 0, nowMs });
    return [{ pool: mark.pool, revision: known.revision, replicas }];
  });
  return found.length === 0 ? ABSENT : seen(found);
}

/** The split that the router was last seen with. The status has the candidate's share, so that it says all of two. */
function reportedOf({ split }: ServiceState, measured: string | undefined): Weights | undefined {
  const percent = Number.parseFloat(measured ?? "");
  const isOfTwo = ROLES.every((role) => role === "canary" || role === "stable" || shareOf(split.weights, role) === 0);
  if (Number.isNaN(percent) || !isOfTwo) return undefined;
  const canary = Math.min(WHOLE, Math.round((percent * WHOLE) / 100));
  return { canary: weight(canary), stable: weight(WHOLE - canary) };
}
