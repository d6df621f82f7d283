// Which routes does one listener have, of all the services that share it?
import { create } from "@bufbuild/protobuf";
import { VirtualHostSchema, type VirtualHost } from "../protos/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema, type RouteConfiguration } from "../protos/envoy/config/route/v3/route_pb.ts";
import { routesOf } from "./route.ts";
import type { Served } from "./types.ts";

/** The services behind one name: sections in their order, then whoever takes the rest. */
function inOrder(services: readonly Served[]): readonly Served[] {
  const order = ({ section }: Served): number => section?.order ?? Infinity;
  return services.toSorted((a, b) => order(a) - order(b) || (a.service < b.service ? -1 : 1));
}

/** The routes of all services of one front. */
export function virtualHostOf(services: readonly Served[], listener: "main" | "preview"): VirtualHost {
  const [first] = services;
  return create(VirtualHostSchema, {
    name: first?.front ?? "",
    domains: [...(first?.spec.hosts ?? [])],
    routes: inOrder(services).flatMap((served) => routesOf(served, listener)),
  });
}

export function tableOf(name: string, hosts: readonly VirtualHost[]): RouteConfiguration {
  return create(RouteConfigurationSchema, {
    name,
    virtualHosts: [...hosts],
    // Clusters come before the routes that name them; one that is late must not take all others down.
    validateClusters: false,
    ignorePortInHostMatching: true,
  });
}
