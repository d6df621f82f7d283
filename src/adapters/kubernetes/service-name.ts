// What is a Rollout of a cluster called outside of it?
import type { Ref } from "./client/client.ts";
import type { KubeObject } from "./client/objects.ts";

/** `checkout.prod`: as a Service's name in DNS, the namespace comes last. */
export function serviceOf({ metadata }: Pick<KubeObject, "metadata">): string {
  return `${metadata.name}.${metadata.namespace ?? "default"}`;
}

/** The Rollout of a service. */
export function placeOf(service: string): Ref & { readonly namespace: string } {
  const at = service.lastIndexOf(".");
  return { name: service.slice(0, at), namespace: service.slice(at + 1) };
}
