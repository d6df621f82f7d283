// Which router does a rollout file name for a cluster?
import type { TrafficSpec } from "../../../core/spec/traffic.ts";
import type { ClusterRouter, RouterOptions } from "./cluster-router.ts";
import { GatewayRouter } from "./gateway/router.ts";
import { IstioRouter } from "./istio/router.ts";
import { ServiceRouter } from "./service.ts";

/** The router that a file names: a Service alone, Istio, or the Gateway API. */
export function clusterRouterOf(options: RouterOptions, { service, istio, gateway }: TrafficSpec): ClusterRouter {
  if (istio) return new IstioRouter(options, istio);
  if (gateway) return new GatewayRouter(options, gateway);
  if (!service) throw new Error("the file names no router of a cluster");
  return new ServiceRouter(options, service);
}
