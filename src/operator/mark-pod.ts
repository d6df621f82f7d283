// How do others find the pod of the controller that leads?
import type { KubeClient, Ref } from "../adapters/kubernetes/client/client.ts";
import { RESOURCES } from "../adapters/kubernetes/client/objects.ts";
import { LEADS } from "../adapters/kubernetes/names.ts";
import { messageOf } from "../core/issues.ts";

interface Marking {
  readonly client: KubeClient;
  readonly pod: Ref | undefined;
  readonly say: (text: string) => void;
}

/** Gives the pod the label that the dashboard's Service selects, or takes it off. Whatever comes of that, leading goes on. */
export async function markPod({ client, pod, say }: Marking, leads: boolean): Promise<void> {
  if (!pod) return;
  const patch = { metadata: { labels: { [LEADS]: leads ? "true" : null } } };
  try {
    await client.merge({ resource: RESOURCES.pods, ...pod }, patch, { signal: AbortSignal.timeout(5_000) });
  } catch (error) {
    say(`pod ${pod.name} is not marked as ${leads ? "the one that leads" : "one that waits"}: ${messageOf(error)}`);
  }
}
