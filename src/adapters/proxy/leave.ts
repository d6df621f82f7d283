// How does a service leave the built-in proxy, because something else carries its requests now?
import type { Clock } from "../../ports/clock.ts";
import type { Call } from "../../ports/observed.ts";
import { PROXY_DEFAULTS } from "../../proxy/config.ts";
import { find } from "../../proxy/control-client.ts";
import { forget } from "../../proxy/store.ts";
import { endProxy } from "./end.ts";
import { silent } from "./troubles.ts";

/** The proxy that was a service's. */
export interface Left {
  readonly name: string;
  readonly dir: string;
  readonly clock: Clock;
}

/** Lets it end what it has begun, and forgets it. Nothing to do where none is. */
export async function leaveProxy({ clock, ...left }: Left, call: Call): Promise<void> {
  const settings = { ...PROXY_DEFAULTS, host: "", port: 0, ...left };
  const found = await find(left.dir, call.signal);
  if (found.kind === "silent") throw silent(settings, found.why);
  if (found.kind === "running") await endProxy(found.control, { settings, clock, call });
  forget(left.dir);
}
