// What did the pods of a pool write last?
import { lastLines } from "../../core/log-line.ts";
import type { Call } from "../../ports/observed.ts";
import type { ReplicaLog } from "../../ports/workload.ts";
import { KubeError } from "./client/errors.ts";
import { RESOURCES, type Pod } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { KnownPod } from "./keep.ts";

/** By which whoever made a pod says which of its containers is meant: `kubectl logs` heeds it too. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** So much of one log is read, and of so many pods at once. */
const MOST_BYTES = 262_144;
const AT_ONCE = 8;

/** The last lines of each pod, as the kubelets have them; none of a pod whose container has not begun. */
export async function podLogs(
  { client }: Pick<Cluster, "client">,
  pods: readonly KnownPod[],
  { lines, call }: { readonly lines: number; readonly call: Call },
): Promise<readonly ReplicaLog[]> {
  const read = async ({ metadata: { name, namespace } }: KnownPod): Promise<ReplicaLog | undefined> => {
    const pod = await client.get<Pod>(RESOURCES.pods, { namespace, name }, call);
    const container = pod && containerOf(pod);
    if (container === undefined) return undefined;
    try {
      const log = await client.log({ namespace, name }, { container, lines, bytes: MOST_BYTES }, call);
      return { replica: name, lines: lastLines(log, lines) };
    } catch (error) {
      if (hasNotBegun(error)) return { replica: name, lines: [] };
      throw error;
    }
  };
  const all: (ReplicaLog | undefined)[] = [];
  for (let at = 0; at < pods.length; at += AT_ONCE)
    all.push(...(await Promise.all(pods.slice(at, at + AT_ONCE).map(read))));
  return all.filter((log) => log !== undefined);
}

function containerOf({ metadata, spec }: Pod): string | undefined {
  return metadata.annotations?.[DEFAULT_CONTAINER] ?? spec.containers[0]?.name;
}

/** The API server refuses to ask for what is not there yet, or not any more. */
function hasNotBegun(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 400 || error.status === 404);
}
