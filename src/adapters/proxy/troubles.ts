// What do we say when the proxy does not do as asked?
import { join } from "node:path";
import { SerinError } from "../../core/issues.ts";
import type { Answer } from "../../proxy/control-client.ts";
import type { Settings } from "../../proxy/settings.ts";
import { LOG_FILE } from "../../proxy/store.ts";

/** It does not answer, or not any more. */
export function silent({ name, dir }: Settings, why: string): SerinError {
  return new SerinError({
    code: "SERIN_PROXY_SILENT",
    what: `The proxy of ${name} cannot be told anything at the moment.`,
    found: why,
    now: "If its process lives, traffic goes on at the last split.",
    next: `See ${join(dir, LOG_FILE)}. Serin tries again; a process that hangs may be ended, its successor serves the last split.`,
  });
}

/** It looked at the route and says no. */
export function refused({ name }: Settings, answer: Answer): SerinError {
  const why = (answer.body as { readonly why?: readonly string[] } | undefined)?.why;
  return new SerinError({
    code: "SERIN_ROUTE_REFUSED",
    what: `The proxy of ${name} refuses the route.`,
    found: why?.join("; ") ?? `it answers ${answer.status}`,
    now: "Traffic goes on at the last split that was accepted.",
  });
}
