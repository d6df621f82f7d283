// How is what keeps pods in places left to its owner?
import type { AdoptedSpec } from "../../../core/spec/deployment.ts";
import type { Call } from "../../../ports/observed.ts";
import { fullSizeOf } from "../adopted.ts";
import type { PlacedObject } from "../client/objects.ts";
import { dress } from "../dress.ts";
import { REPLICAS, ROLLOUT, STRATEGY, TEMPLATE } from "../names.ts";
import { bare, revisionOfTemplate } from "../revision.ts";
import type { ClusterRouter } from "../routers/cluster-router.ts";
import { templateOf, type Places } from "./places.ts";

const CALL_MS = 30_000;

interface Leaving<S extends PlacedObject> {
  readonly places: Places<S>;
  readonly router: Pick<ClusterRouter, "remove"> | undefined;
  readonly podMetadata: AdoptedSpec["podMetadata"];
}

/**
 * Gives an object its own way of changing pods back, with the template of the pods that serve in the same write: so nothing
 * rolls, and everything goes on serving.
 */
export async function leavePlaces<S extends PlacedObject>({ places, router, podMetadata }: Leaving<S>): Promise<void> {
  const call: Call = { signal: AbortSignal.timeout(CALL_MS) };
  const { cluster, by, written, placedBy } = places;
  await router?.remove(call);
  const at = { namespace: by.namespace, name: by.adoptee };
  const found = await cluster.client.get<S>(placedBy.resource, at, call);
  if (!found || found.metadata.annotations?.[ROLLOUT] !== by.name) return;
  for (const { revision } of written().pools)
    await dress(cluster, { ...places.dressed(revision), role: undefined, metadata: podMetadata }, call);
  const { [STRATEGY]: own, ...noted } = found.metadata.annotations;
  const { [ROLLOUT]: _by, [REPLICAS]: _reduced, [TEMPLATE]: _held, ...annotations } = noted;
  const { spec } = found;
  const serving = written().stable?.revision;
  const isSame = !serving || revisionOfTemplate(spec.template).id === serving.id;
  const next: S = {
    ...found,
    metadata: { ...found.metadata, annotations },
    spec: {
      ...spec,
      ...(spec.replicas === undefined ? {} : { replicas: fullSizeOf(found) }),
      ...(own === undefined ? {} : { updateStrategy: JSON.parse(own) as object }),
      ...(isSame ? {} : { template: bare(templateOf(serving)) }),
    },
  };
  // Last: with it nobody knows any more that anything was looked after.
  await cluster.client.replace(placedBy.resource, next, call);
}
