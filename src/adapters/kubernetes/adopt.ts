// Which parts does a service of a cluster stand on?
import type { TrafficSpec } from "../../core/spec/traffic.ts";
import type { Adoptee } from "../../core/spec/workload.ts";
import type { Role } from "../../core/split.ts";
import { SerinError } from "../../core/issues.ts";
import { seen, type Call } from "../../ports/observed.ts";
import type { Metrics } from "../../ports/router.ts";
import type { Workload } from "../../ports/workload.ts";
import { Adopted, type Adopter } from "./adopted.ts";
import type { PlacedObject } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import { leave } from "./leave.ts";
import { clusterRouterOf } from "./routers/index.ts";
import type { ClusterRouter } from "./routers/cluster-router.ts";
import { ServiceRouter } from "./routers/service.ts";
import { placeOf } from "./service-name.ts";
import { DAEMON_SETS } from "./places/daemon.ts";
import { leavePlaces } from "./places/leave.ts";
import { Places, type Written } from "./places/places.ts";
import { STATEFUL_SETS } from "./places/stateful.ts";
import { PlacedWorkload } from "./places/workload.ts";
import { DeploymentWorkload } from "./workload.ts";

/** What the file says of it now, and what was written down last. */
export interface ClusterAsked {
  readonly service: string;
  readonly adoptee: Adoptee;
  readonly traffic: TrafficSpec;
  /** Which pool has which role. */
  readonly roles: Readonly<Partial<Record<Role, string>>>;
  readonly written: Written;
}

/** The parts of one service: whoever runs its pods must be able to keep requests from them. */
export interface ClusterParts {
  readonly workload: Workload;
  /** A router of the cluster; nothing while the file names another one. */
  readonly router: () => ClusterRouter | undefined;
  /** Leaves what was adopted to its owner, as it serves now. */
  readonly leave: () => Promise<void>;
}

/** Makes the parts of a service. `asked` is called for what the file says now. */
export async function adopt(cluster: Cluster, asked: () => ClusterAsked): Promise<ClusterParts> {
  const { kind } = asked().adoptee;
  const adopter = await adopterOf(cluster, asked());
  if (kind === "Deployment") return deploymentParts(new Adopted(cluster, adopter), asked);
  const written = (): Written => asked().written;
  if (kind === "DaemonSet") {
    const known = await cluster.daemonSets();
    return placeParts(new Places(cluster, adopter, { placedBy: DAEMON_SETS, known, written }), asked);
  }
  const known = await cluster.statefulSets();
  return placeParts(new Places(cluster, adopter, { placedBy: STATEFUL_SETS, known, written }), asked);
}

function deploymentParts(adopted: Adopted, asked: () => ClusterAsked): ClusterParts {
  const router = routerOf(asked, (traffic) => clusterRouterOf({ adopted, roles: () => asked().roles }, traffic));
  const workload = new DeploymentWorkload({ adopted, ...following(asked, router) });
  return {
    workload,
    router,
    leave: () => {
      const { roles, adoptee } = asked();
      const keep = (call: Call) => workload.keep(roles.stable, call);
      return leave({ adopted, router: router(), keep, podMetadata: adoptee.asked.podMetadata });
    },
  };
}

function placeParts<S extends PlacedObject>(places: Places<S>, asked: () => ClusterAsked): ClusterParts {
  const roles = () => asked().roles;
  const router = routerOf(asked, ({ service }) => service && new ServiceRouter({ adopted: places, roles }, service));
  return {
    workload: new PlacedWorkload({ adopted: places, ...following(asked, router) }),
    router,
    leave: () => leavePlaces({ places, router: router(), podMetadata: asked().adoptee.asked.podMetadata }),
  };
}

type RouterNow = ClusterParts["router"];

/** The router that the file names, made anew when it names another one. */
function routerOf(asked: () => ClusterAsked, make: (traffic: TrafficSpec) => ClusterRouter | undefined): RouterNow {
  let made: { readonly of: string; readonly router: ClusterRouter | undefined } | undefined;
  return () => {
    const { traffic } = asked();
    const { service, istio, gateway } = traffic;
    if (!service && !istio && !gateway) return undefined;
    const of = JSON.stringify({ service, istio, gateway });
    if (made?.of !== of) made = { of, router: make(traffic) };
    return made.router;
  };
}

/** What whoever runs the pods follows of the file, and of the router. */
function following(asked: () => ClusterAsked, router: RouterNow) {
  return {
    podMetadata: () => asked().adoptee.asked.podMetadata,
    port: () => asked().adoptee.asked.port,
    isolate: async (call: Call) => router()?.isolate(call),
    settle: async (call: Call) => router()?.settle?.(call),
  };
}

async function adopterOf(cluster: Cluster, { service, adoptee: { kind, asked } }: ClusterAsked): Promise<Adopter> {
  const { namespace, name } = placeOf(service);
  const rollout = cluster.rollouts.get(namespace, name);
  const uid = rollout?.metadata.uid;
  if (uid === undefined) {
    throw new SerinError({
      code: "SERIN_KUBE_NO_ROLLOUT",
      what: `there is no Rollout ${name} in ${namespace}`,
      now: "nothing was changed",
      next: "kubectl apply it, in the cluster that this controller looks after",
    });
  }
  const { known } = await cluster.adoptees(kind);
  // The one that was written down, if there was one: whoever made another one meanwhile has not been heard yet.
  const adopteeUid = rollout?.status?.deployment ?? known.get(namespace, asked.name)?.metadata.uid;
  return { namespace, name, uid, adoptee: asked.name, adopteeUid };
}

/** Routers of a cluster count nothing. */
export function countsNothing(kind: string, now: () => number): Metrics {
  return { kind, read: () => Promise.resolve(seen({ at: now() as never, series: [] })) };
}
