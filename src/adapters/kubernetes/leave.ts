// How is a Deployment left to its owner?
import { SerinError } from "../../core/issues.ts";
import type { AdoptedSpec } from "../../core/spec/deployment.ts";
import { ms } from "../../core/units.ts";
import type { Call } from "../../ports/observed.ts";
import type { Adopted } from "./adopted.ts";
import { fullSizeOf } from "./adopted.ts";
import { RESOURCES, type Deployment, type ReplicaSet } from "./client/objects.ts";
import { dress } from "./dress.ts";
import type { KnownSet } from "./keep.ts";
import { POOL, REPLICAS, ROLLOUT } from "./names.ts";
import { bare, revisionOfTemplate } from "./revision.ts";
import type { ClusterRouter } from "./routers/cluster-router.ts";

const CALL_MS = 30_000;

const LOOK_MS = 200;
/** Pods that take longer than this to end are not waited for. */
const FADE_MS = 15_000;

interface Leaving {
  readonly adopted: Adopted;
  readonly router: ClusterRouter | undefined;
  /** Makes the pods of stable the Deployment's, where they are not. */
  readonly keep: (call: Call) => Promise<void>;
  /** What pods have for their version's role: it goes with the roles. */
  readonly podMetadata: AdoptedSpec["podMetadata"];
}

/**
 * Takes the brake off a Deployment whose template is that of the pods that serve: put back first where it is not, in the same
 * write. So nothing rolls, and everything goes on serving.
 */
export async function leave({ adopted, router, keep, podMetadata }: Leaving): Promise<void> {
  const call = { signal: AbortSignal.timeout(CALL_MS) };
  const { cluster, by } = adopted;
  const { client, clock } = cluster;
  const at = { namespace: by.namespace, name: by.adoptee };
  // Half way through a promotion nobody has them.
  await keep(call);
  const others = (): readonly KnownSet[] => adopted.sets().filter((set) => !adopted.isGiven(set));
  for (const { metadata, replicas } of others()) {
    const place = { resource: RESOURCES.replicaSets, namespace: by.namespace, name: metadata.name };
    if (replicas > 0) adopted.wrote(await client.merge(place, { spec: { replicas: 0 } }, call));
  }
  // A Service that selects them all would send requests to those that have not gone yet.
  for (let leftMs = FADE_MS; leftMs > 0 && others().some((set) => adopted.runsPods(set)); leftMs -= LOOK_MS)
    await clock.sleep(ms(LOOK_MS), call.signal);
  for (const { metadata } of others()) {
    await client.delete(
      RESOURCES.replicaSets,
      { namespace: by.namespace, name: metadata.name, uid: metadata.uid },
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
  for (const set of adopted.sets()) {
    await dress(cluster, { ...adopted.dressed(set), role: undefined, metadata: podMetadata }, call);
    if (set.metadata.annotations?.[POOL] === undefined) continue;
    const place = { resource: RESOURCES.replicaSets, namespace: by.namespace, name: set.metadata.name };
    await client.merge(place, { metadata: { annotations: { [POOL]: null } } }, call);
  }
  // Last: with it nobody knows any more that anything was looked after.
  await client.replace(RESOURCES.deployments, next, call);
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
