// What becomes of a name, labels and annotations?
import * as z from "zod";
import type { Part } from "./part.ts";
import { from, type Out } from "./write.ts";

const Texts = z.record(z.string(), z.string());

/** What the API server sets, and nobody asks for. */
const served = {
  uid: z.unknown().optional(),
  resourceVersion: z.unknown().optional(),
  generation: z.unknown().optional(),
  creationTimestamp: z.unknown().optional(),
  deletionTimestamp: z.unknown().optional(),
  deletionGracePeriodSeconds: z.unknown().optional(),
  managedFields: z.unknown().optional(),
  selfLink: z.unknown().optional(),
  ownerReferences: z.unknown().optional(),
  finalizers: z.unknown().optional(),
};

export const Metadata = z.strictObject({
  name: z.string().min(1).optional(),
  generateName: z.string().min(1).optional(),
  namespace: z.string().min(1).optional(),
  labels: Texts.optional(),
  annotations: Texts.optional(),
  ...served,
});

type Fields = z.output<typeof Metadata>;

/** Of a program that wrote it there: it would be wrong in another document. */
const THEIRS =
  /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|rollout\.argoproj\.io\/|deployment\.kubernetes\.io\/)/u;
const NOTIFICATIONS = /^notifications\.argoproj\.io\//u;

/** Name, namespace, labels and annotations of what is written. */
export function metadataOf(metadata: Part<Fields>, called: string): Out {
  const [own, generated] = [metadata.at("name"), metadata.at("generateName")];
  if (own) generated?.note("the API server does not heed it beside name");
  else if (generated) generated.changes(`a rollout has one name, and each new version comes under it: ${called}`);
  else metadata.lacks("there is no name", "add name");
  for (const name of Object.keys(served) as (keyof typeof served)[]) metadata.at(name)?.note("the API server sets it");
  const annotations = metadata.at("annotations");
  const kept: Record<string, string> = {};
  for (const [name, value] of annotations?.entries() ?? []) {
    if (THEIRS.test(name)) value.note("left out: another program keeps it for itself");
    else if (NOTIFICATIONS.test(name))
      value.none("who is told stands in the rollout itself", "say it in spec.notify: slack, email, http or command");
    else kept[name] = value.take();
  }
  const labels = metadata.at("labels");
  return {
    name: from(called, own ?? generated),
    namespace: metadata.value.namespace && from(metadata.value.namespace, metadata.at("namespace")),
    labels: labels && from(labels.value, labels),
    annotations: annotations && Object.keys(kept).length > 0 ? kept : undefined,
  };
}

/** Of a document that others refer to: only what its name is for matters. */
export function metadataOfReferred(metadata: Part<Fields> | undefined): void {
  for (const name of [
    "labels",
    "annotations",
    "generateName",
    ...(Object.keys(served) as (keyof typeof served)[]),
  ] as const)
    metadata?.at(name)?.note("the document itself is not written: what is asked of it goes into the rollout");
  metadata?.take();
}
