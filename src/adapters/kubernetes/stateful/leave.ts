// How is a StatefulSet left to its owner?
import type { AdoptedSpec } from "../../../core/spec/deployment.ts";
import type { Call } from "../../../ports/observed.ts";
import { fullSizeOf } from "../adopted.ts";
import { RESOURCES, type StatefulSet } from "../client/objects.ts";
import { dress } from "../dress.ts";
import { REPLICAS, ROLLOUT, STRATEGY } from "../names.ts";
import { bare, revisionOfTemplate } from "../revision.ts";
import type { ClusterRouter } from "../routers/cluster-router.ts";
import { templateOf, type Places } from "./places.ts";

const CALL_MS = 30_000;

interface Leaving {
  readonly places: Places;
  readonly router: Pick<ClusterRouter, "remove"> | undefined;
  readonly podMetadata: AdoptedSpec["podMetadata"];
}

/**
 * Gives a StatefulSet its own way of changing pods back, with the template of the pods that serve in the same write: so nothing
 * rolls, and everything goes on serving.
 */
export async function leavePlaces({ places, router, podMetadata }: Leaving): Promise<void> {
  const call: Call = { signal: AbortSignal.timeout(CALL_MS) };
  const { cluster, by, written } = places;
  await router?.remove(call);
  const at = { namespace: by.namespace, name: by.adoptee };
  const found = await cluster.client.get<StatefulSet>(RESOURCES.statefulSets, at, call);
  if (!found || found.metadata.annotations?.[ROLLOUT] !== by.name) return;
  for (const { revision } of written().pools)
    await dress(cluster, { ...places.dressed(revision), role: undefined, metadata: podMetadata }, call);
  const { [ROLLOUT]: _by, [REPLICAS]: _reduced, [STRATEGY]: own, ...annotations } = found.metadata.annotations;
  const { updateStrategy, ...spec } = found.spec;
  const serving = written().stable?.revision;
  const isSame = !serving || revisionOfTemplate(spec.template).id === serving.id;
  const next: StatefulSet = {
    ...found,
    metadata: { ...found.metadata, annotations },
    spec: {
      ...spec,
      replicas: fullSizeOf(found),
      updateStrategy: own === undefined ? updateStrategy : (JSON.parse(own) as typeof updateStrategy),
      ...(isSame ? {} : { template: bare(templateOf(serving)) }),
    },
  };
  // Last: with it nobody knows any more that anything was looked after.
  await cluster.client.replace(RESOURCES.statefulSets, next, call);
}
