// Does the cluster know a kind of objects?
import { SerinError } from "../../../core/issues.ts";
import type { Cluster } from "../cluster.ts";
import { explained, isMissing, KubeError } from "../client/errors.ts";
import type { Informer } from "../client/informer.ts";
import { apiVersionOf, type KubeObject, type Resource } from "../client/objects.ts";

/** So long may nothing be heard of them until what is known of routes is called unreadable. */
const OLD_MS = 30_000;

/** The objects of a kind. Throws a SerinError with the remedy when the cluster does not know it. */
export async function objectsOf<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource,
  remedy: string,
): Promise<Informer<T>> {
  try {
    // What is watched is of that kind: the API server says so.
    return (await cluster.more(resource)) as unknown as Informer<T>;
  } catch (error) {
    if (isMissing(error)) throw unknownKind(resource, remedy, error);
    throw error instanceof KubeError ? explained(error) : error;
  }
}

/** Why what is known of routes may be old. */
export function oldOf(...informers: readonly Pick<Informer<KubeObject>, "stale">[]): string | undefined {
  const old = informers.map((informer) => informer.stale()).find((stale) => stale && stale.forMs > OLD_MS);
  return old && `the routes cannot be read: ${old.why}`;
}

function unknownKind(resource: Resource, next: string, cause: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_KUBE_NO_KIND",
      what: `the cluster knows no ${resource.kind} of ${apiVersionOf(resource)}`,
      now: "requests go where they went before",
      next,
      hopeless: true,
    },
    { cause },
  );
}
