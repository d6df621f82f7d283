// What are Serin's resources called at an Envoy?
import type { Listen } from "../../../core/spec/listen.ts";

/** The static cluster through which an Envoy reaches Serin: configuration, access logs, statistics. */
export const CONTROL_CLUSTER = "serin_control";

/** The one layer of runtime keys: shares of the services in mid-rollout. */
export const RUNTIME_LAYER = "serin";

/** What access logs of Serin's listeners are called. */
export const LOG_NAME = "serin";

/** Under this key an endpoint's metadata tells its role. */
export const METADATA = "serin";

/** A pool of a service. Neither of their names has a `/` in it. */
export function clusterName(service: string, pool: string): string {
  return `${service}/${pool}`;
}

/** The service and the pool of a cluster; nothing for a cluster of somebody else. */
export function poolOf(cluster: string): readonly [service: string, pool: string] | undefined {
  const at = cluster.indexOf("/");
  return at > 0 ? [cluster.slice(0, at), cluster.slice(at + 1)] : undefined;
}

/** A listener and its table of routes. */
export function listenerName({ host, port }: Listen): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where spans go: one cluster per collector. */
export function collectorName(url: string): string {
  return `serin_traces/${new URL(url).host}`;
}
