// How does the engine drive the built-in proxy?
import type { RouterAbilities } from "../../core/abilities.ts";
import { weight } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Metrics, Router } from "../../ports/router.ts";
import type { ProxyConfig } from "../../proxy/config.ts";

export interface ProxyAdapterOptions {
  /** The service, for texts and logs. */
  readonly name: string;
  /** Private folder of this proxy; made with mode 0700. */
  readonly dir: string;
  readonly config: ProxyConfig;
  readonly clock: Clock;
}

export const PROXY_ABILITIES: RouterAbilities = {
  granularity: weight(1),
  sticky: ["cookie", "header"],
  baseline: true,
  evidence: true,
};

/** The built-in proxy as a router and as a source of evidence. */
export function createProxyAdapter(options: ProxyAdapterOptions): Router & Metrics {
  const later = (): never => {
    throw new Error(`the proxy of ${options.name} is not there yet`);
  };
  return {
    kind: "proxy",
    can: PROXY_ABILITIES,
    apply: async () => later(),
    observe: async () => later(),
    remove: async () => later(),
    read: async () => later(),
  };
}
