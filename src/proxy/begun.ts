// How does a parent hear whether the proxy's process has come up?
import type { Trouble } from "../core/issues.ts";

/** Sent once, over the channel (IPC) that the parent has opened; after it the process does not need the parent. */
export type Begun = { readonly kind: "up" } | { readonly kind: "trouble"; readonly trouble: Trouble };
