// What shall a StatefulSet be like, so that the wanted pools get their places?
import type { WantedPool } from "../../../core/world.ts";
import { STATEFUL_SET_ABILITIES } from "../abilities.ts";
import { fullSizeOf } from "../adopted.ts";
import { RESOURCES, type StatefulSet } from "../client/objects.ts";
import { heldFrom } from "../held.ts";
import type { KnownPod } from "../keep.ts";
import { revisionOfTemplate } from "../revision.ts";
import { sharingOf, type Look, type PlacedBy, type PlacePlan, type Sharing } from "./kind.ts";

/** While the partition is this, no pod changes, whatever the template and however many there are. */
const BRAKE = 2_147_483_647;

/**
 * Its controller makes all pods. The brake is the partition: above all places, so that a changed template starts nothing and a lost
 * pod comes back as it was; at the candidate's first place only while a pod of the candidate is missing.
 */
export const STATEFUL_SETS: PlacedBy<StatefulSet> = {
  kind: "StatefulSet",
  workload: "statefulSet",
  resource: RESOURCES.statefulSets,
  can: STATEFUL_SET_ABILITIES,
  isOpen: (set) => partitionOf(set) !== BRAKE,
  // Of two with the same template its controller uses those that it names.
  named: ({ status = {} }) => [status.currentRevision, status.updateRevision],
  planOf: (places, set, pools) => {
    const { fullSize, stable: known } = places.written();
    // What serves and was not adopted yet goes on.
    if (pools.length === 0) return known && planned(set, { replicas: 0 });
    const sharing = sharingOf(pools, fullSize);
    if (sharing) return forward(places, set, sharing);
    const stable = pools.find(({ role }) => role === "stable");
    return stable && onlyStable(places, set, stable);
  },
};

/** A plan: the brake is on unless another partition is said. */
function planned(
  set: StatefulSet,
  { partition = BRAKE, ...more }: Partial<PlacePlan> & { readonly partition?: number },
): PlacePlan {
  return {
    replicas: fullSizeOf(set),
    strategy: { type: "RollingUpdate", rollingUpdate: { partition } },
    isSet: partitionOf(set) === partition,
    outdated: [],
    missing: 1,
    ...more,
  };
}

const firstOf = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;

/**
 * The highest places are the candidate's. The brake is off only while one of them is missing, and the template is the
 * candidate's: a template that is changed again meanwhile starts nothing.
 */
function forward(places: Look, set: StatefulSet, { stable, candidate }: Sharing): PlacePlan {
  const replicas = fullSizeOf(set);
  const partition = Math.max(0, replicas - candidate.size);
  const { revision } = candidate;
  const isOfCandidate = (pod: KnownPod): boolean => ordinalOf(pod) >= firstOf(set) + partition;
  const placed = places.live().filter((pod) => isOfCandidate(pod) && places.revisionOf(pod) === revision.id);
  if (placed.length < replicas - partition) {
    if (revisionOfTemplate(set.spec.template).id === revision.id) return planned(set, { partition });
    // Serin has put another one in its place: it comes back once the brake holds it.
    if (heldFrom(set)?.id === revision.id)
      return planned(set, partitionOf(set) === BRAKE ? { template: revision } : {});
  }
  const outdated = places.live().filter((pod) => {
    const other = places.revisionOf(pod);
    if (other === undefined || other === stable?.revision.id) return false;
    return other !== revision.id || !isOfCandidate(pod);
  });
  return planned(set, { outdated: fromTheTop(outdated) });
}

/**
 * Lost pods come back from the current revision, so that it must be stable's. It becomes so when all pods have the template; where
 * they had the candidate's already, the template of stable has to come back too.
 */
function onlyStable(places: Look, set: StatefulSet, { revision }: WantedPool): PlacePlan | undefined {
  const current = places.revisionNamed(set.status?.currentRevision);
  if (current === undefined) return undefined;
  if (current !== revision.id) {
    const isSame = revisionOfTemplate(set.spec.template).id === revision.id;
    return planned(set, { partition: 0, template: isSame ? undefined : revision });
  }
  const outdated = places.live().filter((pod) => {
    const other = places.revisionOf(pod);
    return other !== undefined && other !== revision.id;
  });
  return planned(set, { outdated: fromTheTop(outdated) });
}

const fromTheTop = (pods: readonly KnownPod[]): readonly KnownPod[] =>
  pods.toSorted((a, b) => ordinalOf(b) - ordinalOf(a));

/** The number at the end of a pod's name. */
function ordinalOf({ metadata: { name } }: KnownPod): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}

/** The first place that changes with the template; nothing where pods change otherwise. */
function partitionOf({ spec: { updateStrategy } }: StatefulSet): number | undefined {
  return updateStrategy?.type === "OnDelete" ? undefined : (updateStrategy?.rollingUpdate?.partition ?? 0);
}
