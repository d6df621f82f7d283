// Who runs the pods of a service that is a Deployment, and who carries its requests?
import type { ServiceState } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import type { Role } from "../core/split.ts";
import type { Clock } from "../ports/clock.ts";
import type { Messenger } from "../ports/messenger.ts";
import type { OwnedRouter, OwnedWorkload } from "../runtime/parts.ts";
import { askedPage, following, sourcesOf } from "./following.ts";
import type { ClusterParts } from "./kubernetes/adopt.ts";
import type { Cluster } from "./kubernetes/cluster.ts";
import type { Sources } from "./sources.ts";

/** The parts of a service whose pods a cluster runs. */
export async function clusterParts(cluster: Cluster | undefined, state: () => ServiceState): Promise<ClusterParts> {
  if (!cluster) throw outside(state().service);
  const { adopt } = await import("./kubernetes/adopt.ts");
  return adopt(cluster, () => {
    const { service, spec, pools } = state();
    const { workload, traffic } = spec.spec;
    if (!workload.deployment) throw outside(service);
    return { service, deployment: workload.deployment, traffic, roles: rolesOf(pools) };
  });
}

function rolesOf(pools: ServiceState["pools"]): Readonly<Partial<Record<Role, string>>> {
  return Object.fromEntries(pools.filter(({ role }) => role !== "former").map(({ pool, role }) => [role, pool]));
}

function outside(service: string): SerinError {
  return new SerinError({
    code: "SERIN_NOT_IN_CLUSTER",
    what: `${service} is a Deployment, and this controller looks after no cluster`,
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
