// Which revision is meant by these addresses?
import { createHash } from "node:crypto";
import type { EndpointsTemplate } from "../../core/endpoints-template.ts";
import type { Revision } from "../../ports/workload.ts";

/** Names the revision by its addresses; how one looks whether they answer is no part of the name. */
export function endpointsRevision(asked: Omit<EndpointsTemplate, "kind">): Revision<EndpointsTemplate> {
  const { addresses, ready } = asked;
  const names = addresses.map(({ host, port }) => `${host} ${port}`).toSorted();
  const hash = createHash("sha256").update(names.join("\n")).digest("hex");
  return { id: hash.slice(0, 10), template: { kind: "endpoints", addresses, ready } };
}
