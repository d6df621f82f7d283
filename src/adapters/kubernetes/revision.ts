// Which revision is a pod template, and what is kept of it?
import { createHash } from "node:crypto";
import type { Revision } from "../../core/world.ts";
import { HASH_LABEL, type PodTemplate } from "./client/objects.ts";

/** What a revision of a Deployment is: its pod template, without what the Deployment's controller adds. */
export interface DeploymentTemplate {
  readonly kind: "deployment";
  readonly pod: PodTemplate;
}

/** Whether a revision's template is of this kind. */
export function isDeployment(template: unknown): template is DeploymentTemplate {
  return typeof template === "object" && template !== null && "kind" in template && template.kind === "deployment";
}

/** A template without the label that tells ReplicaSets apart. */
export function bare(pod: PodTemplate): PodTemplate {
  const { [HASH_LABEL]: _hash, ...labels } = pod.metadata?.labels ?? {};
  const annotations = pod.metadata?.annotations;
  return { metadata: { labels, ...(annotations && { annotations }) }, spec: pod.spec };
}

/** The same template for one ReplicaSet. */
export function labelled(pod: PodTemplate, hash: string): PodTemplate {
  return { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata?.labels, [HASH_LABEL]: hash } } };
}

/** Names a template by its content: the same for a Deployment and for each of its ReplicaSets that has it. */
export function revisionOfTemplate(pod: PodTemplate): Revision<DeploymentTemplate> {
  const template: DeploymentTemplate = { kind: "deployment", pod: bare(pod) };
  return { id: digest(template.pod), template };
}

/** First 10 hexadecimal digits of the SHA-256 of a value, whatever the order of its fields. */
export function digest(value: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("hex")
    .slice(0, 10);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, sorted(field)]),
  );
}

/** Names of the ConfigMaps and Secrets that pods of a template use. */
export interface UsedConfiguration {
  readonly configMaps: readonly string[];
  readonly secrets: readonly string[];
}

interface Sources {
  readonly configMapRef?: { readonly name?: string };
  readonly secretRef?: { readonly name?: string };
  readonly configMapKeyRef?: { readonly name?: string };
  readonly secretKeyRef?: { readonly name?: string };
  readonly configMap?: { readonly name?: string };
  readonly secret?: { readonly name?: string; readonly secretName?: string };
}

/** What the environment and the volumes of a template's containers name. */
export function configurationOf({ spec }: PodTemplate): UsedConfiguration {
  const [configMaps, secrets] = [new Set<string>(), new Set<string>()];
  const take = (source: Sources): void => {
    const { configMapRef, configMapKeyRef, configMap, secretRef, secretKeyRef, secret } = source;
    for (const one of [configMapRef, configMapKeyRef, configMap]) if (one?.name) configMaps.add(one.name);
    for (const one of [secretRef, secretKeyRef, secret]) if (one?.name) secrets.add(one.name);
    if (secret?.secretName) secrets.add(secret.secretName);
  };
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])] as readonly ContainerSources[]) {
    for (const source of container.envFrom ?? []) take(source);
    for (const { valueFrom } of container.env ?? []) if (valueFrom) take(valueFrom);
  }
  for (const volume of (spec.volumes ?? []) as readonly VolumeSources[]) {
    take(volume);
    for (const source of volume.projected?.sources ?? []) take(source);
  }
  return { configMaps: [...configMaps].toSorted(), secrets: [...secrets].toSorted() };
}

interface ContainerSources {
  readonly envFrom?: readonly Sources[];
  readonly env?: readonly { readonly valueFrom?: Sources }[];
}

interface VolumeSources extends Sources {
  readonly projected?: { readonly sources?: readonly Sources[] };
}

/** The port that answers requests: the one that is named, else the first of the first container. */
export function portOf({ spec }: PodTemplate, asked: number | string | undefined): number | undefined {
  if (typeof asked === "number") return asked;
  const ports = spec.containers.flatMap(({ ports: some }) => some ?? []);
  const found = asked === undefined ? ports[0] : ports.find(({ name }) => name === asked);
  return found?.containerPort;
}
