// What shall a DaemonSet be like, so that the wanted pools get their nodes?
import type { Revision, WantedPool } from "../../../core/world.ts";
import { DAEMON_SET_ABILITIES } from "../abilities.ts";
import { fullSizeOf } from "../adopted.ts";
import { RESOURCES, type DaemonSet } from "../client/objects.ts";
import { heldFrom, isBroughtAgain } from "../held.ts";
import type { KnownPod } from "../keep.ts";
import { STRATEGY } from "../names.ts";
import { revisionOfTemplate } from "../revision.ts";
import { sharingOf, type Look, type PlacedBy, type PlacePlan, type Sharing } from "./kind.ts";

/**
 * Its controller makes a pod wherever one is missing, and always from the newest template. The brake is that pods change only when they
 * are deleted. What comes back as the candidate and shall be stable's is taken back with the template of stable in the place of the
 * one that is asked for, for as long as that takes.
 */
export const DAEMON_SETS: PlacedBy<DaemonSet> = {
  kind: "DaemonSet",
  workload: "daemonSet",
  resource: RESOURCES.daemonSets,
  can: DAEMON_SET_ABILITIES,
  isOpen: () => true,
  named: () => [],
  planOf: (places, set, pools) => {
    const sharing = sharingOf(pools, places.written().fullSize);
    if (sharing) return forward(places, set, sharing);
    const stable = pools.find(({ role }) => role === "stable");
    return stable && onlyStable(places, set, stable);
  },
};

/** A plan; before the brake is on there is no other. */
function planned(places: Look, set: DaemonSet, more: Partial<PlacePlan> = {}): PlacePlan {
  const isSet = set.spec.updateStrategy?.type === "OnDelete";
  return {
    replicas: fullSizeOf(set),
    strategy: { type: "OnDelete", rollingUpdate: null },
    isSet,
    outdated: [],
    // Nodes that are down keep no others from changing.
    missing: missingOf(set) + lostOf(places).all,
    ...(isSet && more),
  };
}

/** The candidate gets nodes until it has its number; what it has beyond that, and what is neither's, comes back as stable. */
function forward(places: Look, set: DaemonSet, { stable, candidate }: Sharing): PlacePlan {
  const { revision } = candidate;
  const replicas = fullSizeOf(set);
  // Where stable shall have none at all, nobody waits for it to be missed.
  const isAll = stable === undefined || stable.size === 0;
  const wanted = isAll ? replicas : Math.min(candidate.size, replicas);
  const live = places.live();
  const own = live.filter((pod) => places.revisionOf(pod) === revision.id);
  if (own.length < wanted) {
    if (templateIn(set) !== revision.id) return givenBack(places, set, { revision, wanted });
    const others = inTurn(
      places,
      live.filter((pod) => isOther(places, pod, [revision.id])),
    );
    const neither = others.filter((pod) => places.revisionOf(pod) !== stable?.revision.id);
    const inOrder = [...neither, ...others.filter((pod) => !neither.includes(pod))];
    // Where none runs, or one of which nothing is known yet, one of the candidate comes.
    const room = Math.max(0, others.length - (replicas - wanted));
    const outdated = isSeen(set) ? inOrder.slice(0, room) : [];
    return planned(places, set, { outdated, ...(isAll && { missing: Infinity }) });
  }
  if (isAll) return givenBack(places, set, { revision, wanted });
  const neither = live.filter((pod) => isOther(places, pod, [stable.revision.id, revision.id]));
  const outdated = [
    ...neither,
    ...inTurn(places, own)
      .toReversed()
      .slice(0, own.length - wanted),
  ];
  return outdated.length > 0
    ? takenBack(places, set, { outdated, stable })
    : givenBack(places, set, { revision, wanted });
}

/** All nodes are stable's. */
function onlyStable(places: Look, set: DaemonSet, stable: WantedPool): PlacePlan {
  const { revision } = stable;
  const outdated = inTurn(
    places,
    places.live().filter((pod) => isOther(places, pod, [revision.id])),
  );
  const { isBack, withdrawn } = places.written();
  if (outdated.length > 0 || (isBack && templateIn(set) !== revision.id))
    return takenBack(places, set, { outdated, stable });
  const held = heldFrom(set);
  // What was taken back stays away until it is asked for again.
  return held && !isBack && held.id !== withdrawn
    ? givenBack(places, set, { revision: held, wanted: 0 })
    : planned(places, set);
}

/** Pods come back as stable once the template is stable's. Who brings the other one again is not fought, but on the way back, and for stable's last pod. */
function takenBack(
  places: Look,
  set: DaemonSet,
  { outdated, stable }: Pick<PlacePlan, "outdated"> & { readonly stable: WantedPool },
): PlacePlan {
  if (templateIn(set) === stable.revision.id) return planned(places, set, { outdated: isSeen(set) ? outdated : [] });
  const hasStable = places.live().some((pod) => places.revisionOf(pod) === stable.revision.id);
  const isLeft = isBroughtAgain(set) && hasStable && !places.written().isBack;
  return planned(places, set, isLeft ? {} : { template: stable.revision });
}

interface Asked {
  readonly revision: Revision;
  /** Nodes that it shall have. */
  readonly wanted: number;
}

/**
 * The template that is asked for comes back where Serin has put another one in its place, once whatever shall come from that one
 * has come; one that was changed again does not.
 */
function givenBack(places: Look, set: DaemonSet, { revision, wanted }: Asked): PlacePlan {
  const others = places.live().filter((pod) => isOther(places, pod, [revision.id]));
  const isComing = others.length + lostOf(places).ending < fullSizeOf(set) - wanted;
  return planned(places, set, heldFrom(set)?.id === revision.id && !isComing ? { template: revision } : {});
}

/** Pods that are not waited for any more. */
function lostOf(places: Look) {
  const lost = places.pods().filter((pod) => places.isLost(pod));
  return { all: lost.length, ending: lost.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).length };
}

const templateIn = ({ spec }: DaemonSet): string => revisionOfTemplate(spec.template).id;

/** Whether its controller makes pods of the template that is there: of the one before, until it has seen it. */
function isSeen({ metadata, status }: DaemonSet): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function isOther(places: Look, pod: KnownPod, some: readonly string[]): boolean {
  const revision = places.revisionOf(pod);
  return revision !== undefined && !some.includes(revision);
}

/** Those that do not answer first, and last those that have not for long; then by their nodes: the same ones each time. */
function inTurn(places: Look, pods: readonly KnownPod[]): readonly KnownPod[] {
  const keyOf = (pod: KnownPod): string => `${places.isLost(pod) ? 2 : pod.ready ? 1 : 0} ${pod.node ?? ""}`;
  return pods.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** How many pods it lets be missing while they change, by its own word; rounded up as its controller does. */
function missingOf(set: DaemonSet): number {
  const own = set.metadata.annotations?.[STRATEGY];
  const { rollingUpdate } = (own === undefined ? set.spec.updateStrategy : JSON.parse(own)) as Own;
  const asked = rollingUpdate?.maxUnavailable ?? 1;
  const share = typeof asked === "string" && asked.endsWith("%") ? Number(asked.slice(0, -1)) / 100 : undefined;
  return Math.max(1, share === undefined ? Number(asked) : Math.ceil(share * fullSizeOf(set)));
}

type Own = NonNullable<DaemonSet["spec"]["updateStrategy"]>;
