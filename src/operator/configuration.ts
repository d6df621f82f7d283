// Has what the pods are configured with changed?
import type { Adoptees, Cluster } from "../adapters/kubernetes/cluster.ts";
import { KubeError } from "../adapters/kubernetes/client/errors.ts";
import { RESOURCES, type Adoptable } from "../adapters/kubernetes/client/objects.ts";
import { templateAskedOf } from "../adapters/kubernetes/held.ts";
import { CONFIGURATION } from "../adapters/kubernetes/names.ts";
import { configurationOf, digest } from "../adapters/kubernetes/revision.ts";

const CALL_MS = 10_000;

/** What its pods use, by its content, and under which keys its changes are heard. */
interface Configured {
  /** Of all ConfigMaps and Secrets together; an empty text when none is used. */
  readonly content: string;
  readonly keys: readonly string[];
  /** Why a part of it is not followed. */
  readonly unread: string | undefined;
}

/** Reads what a template names. What is not there counts as such: when it comes, that is a change. */
async function configured(cluster: Cluster, adoptable: Adoptable): Promise<Configured> {
  const { metadata } = adoptable;
  const { configMaps, secrets } = configurationOf(templateAskedOf(adoptable));
  const contents: [name: string, content: string][] = [];
  const keys: string[] = [];
  let unread: string | undefined;
  for (const [resource, names] of [
    [RESOURCES.configMaps, configMaps],
    [RESOURCES.secrets, secrets],
  ] as const) {
    if (names.length === 0) continue;
    try {
      const informer = await cluster.contents(resource);
      for (const name of names) {
        const key = `${resource.plural}/${metadata.namespace ?? ""}/${name}`;
        keys.push(key);
        contents.push([key, informer.get(metadata.namespace, name)?.content ?? ""]);
      }
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 403) throw error;
      unread = `changes of ${names.length} ${resource.plural} are not seen: ${error.message}`;
    }
  }
  return { content: contents.length === 0 ? "" : digest(contents), keys, unread };
}

/**
 * What the template's note of it shall be: none while it is what it was at the adoption, so that taking a change back gives the
 * template of before.
 */
function noteOf({ content }: Pick<Configured, "content">, adoptedWith: string): string | undefined {
  return content === adoptedWith ? undefined : content;
}

/** Notes the content in its template, where it is another one: that makes it a new revision. */
async function note(cluster: Cluster, { adoptable, among }: Configurable, wanted: string | undefined): Promise<void> {
  const { metadata, spec } = adoptable;
  if (spec.template.metadata?.annotations?.[CONFIGURATION] === wanted) return;
  const { namespace, name, resourceVersion } = metadata;
  const call = { signal: AbortSignal.timeout(CALL_MS) };
  const annotations = { [CONFIGURATION]: wanted ?? null };
  const patch = { metadata: { resourceVersion }, spec: { template: { metadata: { annotations } } } };
  among.known.wrote(await cluster.client.merge({ resource: among.resource, namespace, name }, patch, call));
}

/** What came of a look at the configuration. */
export interface Configuration {
  /** Whether the template was given another note, which makes it a new revision. */
  readonly isNew: boolean;
  readonly keys: readonly string[];
  /** What the pods were configured with when it was adopted. */
  readonly adoptedWith: string;
  /** Why a part of it is not followed. */
  readonly unread: string | undefined;
}

/** What is adopted, and among which objects it is known. */
export interface Configurable {
  readonly adoptable: Adoptable;
  readonly among: Adoptees;
}

/** Sees to it that a template says what its pods are configured with. */
export async function configure(
  cluster: Cluster,
  adopted: Configurable,
  known: string | undefined,
): Promise<Configuration> {
  const { content, keys, unread } = await configured(cluster, adopted.adoptable);
  const noted = templateAskedOf(adopted.adoptable).metadata?.annotations?.[CONFIGURATION];
  // A template with a note of an earlier adoption goes on having one.
  const adoptedWith = known ?? (noted === undefined ? content : "noted");
  const wanted = noteOf({ content }, adoptedWith);
  const isNew = noted !== wanted;
  if (isNew) await note(cluster, adopted, wanted);
  return { isNew, keys, adoptedWith, unread };
}
