// Which requests are copied, and to whom?
import { canonical, type Condition } from "./match.ts";
import type { Weight } from "./units.ts";

/**
 * Copies of users' requests. Their answers are thrown away, at most compared with the one that the user got; the copies
 * never delay the user's request, and are the first thing that is left out under load.
 */
export interface Mirror {
  /** Roles whose replicas get a copy each, while they have a ready one. */
  readonly to: readonly ("canary" | "baseline")[];
  /** This share of the requests that are meant, in parts per million. */
  readonly share: Weight;
  /** Which requests are meant: those of which all conditions of any entry hold. All requests without it. */
  readonly when?: readonly (readonly Condition[])[] | undefined;
  /** `safe`: GET, HEAD and OPTIONS only (RFC 9110 9.2.1); a copy of anything else may do a thing twice. */
  readonly methods: "safe" | "all";
  /** Compare the answers with those that users got. Parts to leave out: `header.x-request-id`, `body.items[].id`, `status`. */
  readonly compare?: { readonly ignore: readonly string[] } | undefined;
}

/** Whether two mirrors say the same. */
export function sameMirror(a: Mirror | undefined, b: Mirror | undefined): boolean {
  return canonical(a ?? null) === canonical(b ?? null);
}
