// How is a Deployment left to its owner?
import { SerinError } from "../../core/issues.ts";
import type { Adopted } from "./adopted.ts";
import { fullSizeOf } from "./adopted.ts";
import { RESOURCES, type Deployment, type ReplicaSet } from "./client/objects.ts";
import { POOL, REPLICAS, ROLLOUT } from "./names.ts";
import { bare, revisionOfTemplate } from "./revision.ts";
import type { ClusterRouter } from "./routers/cluster-router.ts";

const CALL_MS = 30_000;

/**
 * Takes the brake off a Deployment whose template is that of the pods that serve: put back first where it is not, in the same
 * write. So nothing rolls, and everything goes on serving.
 */
export async function leave(adopted: Adopted, router: ClusterRouter | undefined): Promise<void> {
  const call = { signal: AbortSignal.timeout(CALL_MS) };
  const { cluster, by } = adopted;
  const { client } = cluster;
  const at = { namespace: by.namespace, name: by.deployment };
  for (const set of adopted.sets()) {
    if (adopted.isGiven(set)) continue;
    await client.delete(
      RESOURCES.replicaSets,
      { namespace: by.namespace, name: set.metadata.name, uid: set.metadata.uid },
      call,
    );
  }
  await router?.remove(call);
  const deployment = await client.get<Deployment>(RESOURCES.deployments, at, call);
  if (!deployment || deployment.metadata.annotations?.[ROLLOUT] !== by.name) return;
  const serving = adopted.sets().find((set) => adopted.isGiven(set) && set.replicas > 0);
  const { [ROLLOUT]: _by, [REPLICAS]: _reduced, ...annotations } = deployment.metadata.annotations;
  const { paused: _paused, ...spec } = deployment.spec;
  const template = serving ? await templateOf(adopted, serving.metadata.name) : undefined;
  const isSame = !template || revisionOfTemplate(spec.template).id === revisionOfTemplate(template).id;
  const next: Deployment = {
    ...deployment,
    metadata: { ...deployment.metadata, annotations },
    spec: { ...spec, replicas: fullSizeOf(deployment), ...(isSame ? {} : { template: bare(template) }) },
  };
  await client.replace(RESOURCES.deployments, next, call);
  for (const set of adopted.sets()) {
    if (adopted.poolOf(set) === undefined) continue;
    const place = { resource: RESOURCES.replicaSets, namespace: by.namespace, name: set.metadata.name };
    await client.merge(place, { metadata: { annotations: { [POOL]: null } } }, call);
  }
}

async function templateOf({ cluster, by }: Adopted, name: string): Promise<ReplicaSet["spec"]["template"]> {
  const call = { signal: AbortSignal.timeout(CALL_MS) };
  const set = await cluster.client.get<ReplicaSet>(RESOURCES.replicaSets, { namespace: by.namespace, name }, call);
  if (set) return set.spec.template;
  throw new SerinError({
    code: "SERIN_KUBE_GONE",
    what: `ReplicaSet ${name} went while its Deployment was left`,
    now: "it is tried again",
  });
}
