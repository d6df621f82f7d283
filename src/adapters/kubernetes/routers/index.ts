// Which router does a file in a cluster name?
import type { TrafficSpec } from "../../../core/spec/traffic.ts";
import type { ClusterRouter, RouterOptions } from "./cluster-router.ts";
import { ServiceRouter } from "./service.ts";

/** The router that a file names. */
export function clusterRouterOf(options: RouterOptions, { service }: TrafficSpec): ClusterRouter {
  if (service) return new ServiceRouter(options, service);
  throw new Error("the file names no router of a cluster");
}
