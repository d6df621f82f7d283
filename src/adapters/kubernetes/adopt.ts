// Which parts does a service of a cluster stand on?
import type { DeploymentSpec } from "../../core/spec/deployment.ts";
import type { TrafficSpec } from "../../core/spec/traffic.ts";
import type { Role } from "../../core/split.ts";
import { SerinError } from "../../core/issues.ts";
import { seen, type Call } from "../../ports/observed.ts";
import type { Metrics } from "../../ports/router.ts";
import { Adopted } from "./adopted.ts";
import type { Cluster } from "./cluster.ts";
import { leave } from "./leave.ts";
import { clusterRouterOf } from "./routers/index.ts";
import type { ClusterRouter } from "./routers/cluster-router.ts";
import { placeOf } from "./service-name.ts";
import { DeploymentWorkload } from "./workload.ts";

/** What the file says of it now. */
export interface ClusterAsked {
  readonly service: string;
  readonly deployment: DeploymentSpec;
  readonly traffic: TrafficSpec;
  /** Which pool has which role, as it was written down last. */
  readonly roles: Readonly<Partial<Record<Role, string>>>;
}

/** The parts of one service: whoever runs its pods must be able to keep requests from them. */
export interface ClusterParts {
  readonly workload: DeploymentWorkload;
  /** A router of the cluster; nothing while the file names another one. */
  readonly router: () => ClusterRouter | undefined;
  /** Leaves the Deployment to its owner, as it serves now. */
  readonly leave: () => Promise<void>;
}

/** Makes the parts of a service. `asked` is called for what the file says now. */
export function adopt(cluster: Cluster, asked: () => ClusterAsked): ClusterParts {
  const first = asked();
  const adopted = new Adopted(cluster, adopterOf(cluster, first));
  let made: { readonly of: string; readonly router: ClusterRouter } | undefined;
  const router = (): ClusterRouter | undefined => {
    const { traffic } = asked();
    const { service, istio, gateway } = traffic;
    if (!service && !istio && !gateway) return undefined;
    const of = JSON.stringify({ service, istio, gateway });
    if (made?.of !== of) made = { of, router: clusterRouterOf({ adopted, roles: () => asked().roles }, traffic) };
    return made.router;
  };
  const workload = new DeploymentWorkload({
    adopted,
    podMetadata: () => asked().deployment.podMetadata,
    port: () => asked().deployment.port,
    isolate: async (call) => router()?.isolate(call),
    settle: async (call) => router()?.settle?.(call),
  });
  return {
    workload,
    router,
    leave: () => {
      const { roles, deployment } = asked();
      const keep = (call: Call) => workload.keep(roles.stable, call);
      return leave({ adopted, router: router(), keep, podMetadata: deployment.podMetadata });
    },
  };
}

function adopterOf(cluster: Cluster, { service, deployment }: ClusterAsked) {
  const { namespace, name } = placeOf(service);
  const rollout = cluster.rollouts.get(namespace, name);
  const uid = rollout?.metadata.uid;
  // The one that was written down, if there was one: whoever made another one meanwhile has not been heard yet.
  const deploymentUid =
    rollout?.status?.deployment ?? cluster.deployments.get(namespace, deployment.name)?.metadata.uid;
  if (uid === undefined) {
    throw new SerinError({
      code: "SERIN_KUBE_NO_ROLLOUT",
      what: `there is no Rollout ${name} in ${namespace}`,
      now: "nothing was changed",
      next: "kubectl apply it, in the cluster that this controller looks after",
    });
  }
  return { namespace, name, uid, deployment: deployment.name, deploymentUid };
}

/** Routers of a cluster count nothing. */
export function countsNothing(kind: string, now: () => number): Metrics {
  return { kind, read: () => Promise.resolve(seen({ at: now() as never, series: [] })) };
}
