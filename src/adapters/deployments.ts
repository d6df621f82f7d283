// Who runs the pods of a service in a cluster, and who carries its requests?
import { replicasOf } from "../core/engine/resize.ts";
import { underWay, withdrawnIn, type ServiceState } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import { adoptedIn } from "../core/spec/workload.ts";
import { isExposed, type Role } from "../core/split.ts";
import type { Clock } from "../ports/clock.ts";
import type { Messenger } from "../ports/messenger.ts";
import type { OwnedRouter, OwnedWorkload } from "../runtime/parts.ts";
import { askedPage, following, sourcesOf } from "./following.ts";
import type { ClusterParts } from "./kubernetes/adopt.ts";
import type { Cluster } from "./kubernetes/cluster.ts";
import type { Written } from "./kubernetes/places/places.ts";
import type { Sources } from "./sources.ts";

/** The parts of a service whose pods a cluster runs. */
export async function clusterParts(cluster: Cluster | undefined, state: () => ServiceState): Promise<ClusterParts> {
  if (!cluster) throw outside(state().service);
  const { adopt } = await import("./kubernetes/adopt.ts");
  return adopt(cluster, () => {
    const { service, spec, pools } = state();
    const { workload, traffic } = spec.spec;
    const adoptee = adoptedIn(workload);
    if (!adoptee) throw outside(service);
    return { service, adoptee, traffic, roles: rolesOf(pools), written: writtenIn(state()) };
  });
}

function writtenIn(state: ServiceState): Written {
  const { pools, stable, revisions, split, rollout } = state;
  const revision = stable && revisions[stable.revision];
  return {
    pools,
    stable: stable && revision && { pool: stable.pool, revision },
    fullSize: underWay(state)?.program.fullSize ?? replicasOf(state),
    isExposed: isExposed(split, "canary"),
    isBack: rollout?.phase === "back",
    withdrawn: withdrawnIn(state),
  };
}

function rolesOf(pools: ServiceState["pools"]): Readonly<Partial<Record<Role, string>>> {
  return Object.fromEntries(pools.filter(({ role }) => role !== "former").map(({ pool, role }) => [role, pool]));
}

function outside(service: string): SerinError {
  return new SerinError({
    code: "SERIN_NOT_IN_CLUSTER",
    what: `${service} runs in a cluster, and this controller looks after no cluster`,
    now: "nothing was changed",
    next: "kubectl apply the file where serin serve --kubernetes runs",
    exitCode: 2,
  });
}

interface ClusterOwned {
  readonly parts: ClusterParts;
  readonly shared: Sources;
  readonly forget: () => void;
}

/** Who runs a service's pods, and what is told of them. */
export async function clusterWorkload(clock: Clock, { parts, shared, forget }: ClusterOwned): Promise<OwnedWorkload> {
  const { createExpositionSource } = await import("./exposition/source.ts");
  const pages = following(askedPage, (page) => createExpositionSource({ clock, ...page }));
  const others = following(sourcesOf, (asked) => shared.of(asked));
  return {
    workload: parts.workload,
    signals: (asked) => [...pages.of(asked), ...others.of(asked).flatMap(({ signals }) => signals)],
    close: () => {
      pages.close();
      others.close();
      forget();
      return Promise.resolve();
    },
    remove: parts.leave,
  };
}

/** Runs Jobs for hooks, where there is a cluster. */
export function jobsOf(cluster: Cluster | undefined): Messenger["deliver"] | undefined {
  if (!cluster) return undefined;
  return async (message, call) => {
    const { runJob } = await import("./kubernetes/job.ts");
    return runJob(cluster, message, call);
  };
}

/** Who carries a service's requests, where that is a router of the cluster. */
export async function clusterRouting(clock: Clock, parts: ClusterParts | undefined): Promise<OwnedRouter | undefined> {
  const router = parts?.router();
  if (!router) return undefined;
  const { countsNothing } = await import("./kubernetes/adopt.ts");
  return { router, metrics: countsNothing(router.kind, () => clock.now()), close: () => Promise.resolve() };
}
