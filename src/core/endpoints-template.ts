// What must be known of addresses that somebody else runs?
import type { ProcessReady } from "./process-template.ts";

/** One revision of a service that runs elsewhere: where it answers. The addresses make the revision. */
export interface EndpointsTemplate {
  readonly kind: "endpoints";
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly ready: ProcessReady;
}

/** Whether a revision's template is of this kind. */
export function isEndpoints(template: unknown): template is EndpointsTemplate {
  return typeof template === "object" && template !== null && "kind" in template && template.kind === "endpoints";
}
