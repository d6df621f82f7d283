// Where do the requests of a Canary come in?
import type { Context } from "../context.ts";
import type { Part } from "../part.ts";
import { from, same, type Out } from "../write.ts";
import type { CanarySpec, ServiceFields } from "./formats.ts";
import { httpRoute } from "./http-route.ts";
import { apexService } from "./service.ts";
import { hostsOf, virtualService } from "./virtual-service.ts";

/** Providers that are converted, by Serin's router. */
export type Router = "service" | "istio" | "gateway";

const ROUTERS: Readonly<Record<string, Router>> = {
  kubernetes: "service",
  istio: "istio",
  "gatewayapi:v1": "gateway",
  "gatewayapi:v1beta1": "gateway",
};

/** Which router, and what Flagger calls it. */
interface Routing {
  readonly router: Router;
  readonly provider: string;
}

/** Which router a Canary has. Where it leaves that to the controller, its fields or the options say so. */
export function routerOf(spec: Part<CanarySpec>, { options }: Context): Routing {
  const part = spec.at("provider");
  const { gatewayRefs } = spec.value.service;
  const provider = part?.value ?? options.provider ?? (gatewayRefs ? "gatewayapi:v1" : "istio");
  const router = ROUTERS[provider];
  if (part && router) part.take();
  if (!part && options.provider === undefined)
    spec.about(
      `no provider stands here, so Flagger's flag -mesh-provider decides; taken for ${provider}. serin import --provider says another`,
    );
  const known =
    "Serin routes by plain Services, Istio and the Gateway API; many of these have a Gateway API too: gatewayRefs";
  if (!router && part) part.none(`Serin has nothing for ${provider} yet`, known);
  if (!router && !part) spec.lacks(`Serin has nothing for ${provider} yet`, known);
  return { router: router ?? "service", provider };
}

/** The traffic of a Canary; documents that stand beside it are written by it. */
export function trafficOf(spec: Part<CanarySpec>, routing: Routing & { inPlace: boolean }, context: Context): Out {
  const { router, provider, inPlace } = routing;
  const service = spec.at("service");
  if (!service) return {};
  const name = service.value.name ?? spec.value.targetRef.name;
  for (const field of ["meshName", "backends"] as const)
    service.at(field)?.none("it belongs to App Mesh, for which Serin has nothing yet", "take it out");
  apexService(service, { target: spec.value.targetRef.name, name }, context);
  const traffic = {
    service: () => plainService(service, name, provider === "kubernetes"),
    istio: () => istio(service, name, context),
    gateway: () => gateway(service, name, context),
    numbers: () => byNumbers(service, name, provider),
  }[inPlace && router !== "service" ? "numbers" : router]();
  sessionAffinity(spec, router);
  return traffic;
}

function sessionAffinity(spec: Part<CanarySpec>, router: Router): void {
  const affinity = spec.at("analysis")?.at("sessionAffinity");
  if (router === "service") affinity?.note("Flagger's plain Kubernetes does not heed it: left out");
  else
    affinity?.none(
      "the routers of a cluster share out requests, and keep no user with a version",
      "send known users to the canary by a header or cookie: strategy.canary.steps with match; or use traffic.envoy with sticky",
    );
}

const HTTP = ["timeout", "retries", "headers", "rewrite", "corsPolicy", "match", "mirror"] as const;
type Http = (typeof HTTP)[number];

function ignored(service: Part<ServiceFields>, names: readonly (Http | keyof ServiceFields)[], why: string): void {
  for (const name of names) service.at(name)?.note(why);
}

/** What only a mesh or a gateway heeds besides. */
const ROUTED = ["gateways", "hosts", "delegation", "trafficPolicy", "gatewayRefs"] as const;

function plainService(service: Part<ServiceFields>, name: string, isPlain: boolean): { readonly [name: string]: Out } {
  const why = "Flagger's plain Kubernetes does not heed it: neither does Serin's";
  ignored(service, HTTP, isPlain ? why : "it belongs to a router that Serin has nothing for: left out");
  ignored(service, ROUTED, "only a mesh or a gateway heeds it: left out");
  return { service: { name: nameFrom(service, name) } };
}

/** Where pods change in their places the Service alone makes the shares, whatever stands before it. */
function byNumbers(service: Part<ServiceFields>, name: string, provider: string): { readonly [name: string]: Out } {
  service.about(
    `shares of a DaemonSet are made by the numbers of its pods behind the Service, and not by ${provider}, whose objects go with the Canary`,
  );
  for (const field of [...HTTP, ...ROUTED])
    service.at(field)?.changes(`Serin writes nothing of ${provider} for a DaemonSet: it belongs into what is yours`);
  return { service: { name: nameFrom(service, name) } };
}

/** Serin makes Services of these names too, but not while somebody else has them. */
function ownServices(service: Part<ServiceFields>, name: string): void {
  service.about(
    `Serin makes ${name}-canary, and ${name}-stable in place of ${name}-primary, itself: delete the Canary, whose Services these are, before a rollout begins`,
  );
}

function nameFrom(service: Part<ServiceFields>, name: string): Out {
  return from(name, service.at("name"));
}

function istio(service: Part<ServiceFields>, name: string, context: Context): { readonly [name: string]: Out } {
  ignored(service, ["gatewayRefs"], "Flagger's Istio does not heed it: neither does this");
  ignored(service, ["mirror"], "Flagger heeds it with the Gateway API only: left out");
  if (service.value.appProtocol?.toLowerCase() === "tcp")
    service
      .at("appProtocol")
      ?.none(
        "Flagger shares out TCP connections then; what is written here shares out requests",
        "write a VirtualService with a TCP route, and name it in spec.traffic.istio.virtualService",
      );
  ownServices(service, name);
  const target = { name: nameFrom(service, name), port: from(service.value.port, service.at("port")) };
  const own = virtualService(service, name, context);
  // As in Flagger, so that what is said of the Services of versions goes on holding.
  const by = "services";
  if (own) return { istio: { service: target, virtualService: own, by } };
  return {
    istio: {
      service: target,
      hosts: service.value.hosts && hostsOf(service, name),
      gateways: same(service.at("gateways")),
      by,
    },
  };
}

function gateway(service: Part<ServiceFields>, name: string, context: Context): { readonly [name: string]: Out } {
  ignored(
    service,
    ["gateways", "delegation", "trafficPolicy"],
    "Flagger's Gateway API does not heed it: neither does this",
  );
  ignored(service, ["retries"], "Flagger's Gateway API does not heed it: left out");
  ownServices(service, name);
  const target = { name: nameFrom(service, name), port: from(service.value.port, service.at("port")) };
  const own = httpRoute(service, name, context);
  if (own) return { gateway: { service: target, route: own } };
  return { gateway: { service: target, parents: parentsOf(service), hostnames: same(service.at("hosts")) } };
}

function parentsOf(service: Part<ServiceFields>): Out | undefined {
  const parents = service.at("gatewayRefs");
  if (!parents) {
    service.lacks("Flagger needs gatewayRefs for the Gateway API, and there are none", "add gatewayRefs");
    return undefined;
  }
  return parents.items().map((parent) => {
    const { group = "gateway.networking.k8s.io", kind = "Gateway" } = parent.value;
    const isGateway = group === "gateway.networking.k8s.io" && kind === "Gateway";
    for (const field of ["group", "kind"] as const) {
      const part = parent.at(field);
      if (isGateway) part?.take();
      else
        part?.none(
          "a parent here is a Gateway",
          "write an HTTPRoute with this parent, and name it in spec.traffic.gateway.route",
        );
    }
    parent
      .at("port")
      ?.none(
        "a parent here has no port",
        "name the listener by sectionName, or write an HTTPRoute and name it in spec.traffic.gateway.route",
      );
    return {
      name: from(parent.value.name, parent.at("name")),
      namespace: same(parent.at("namespace")),
      sectionName: same(parent.at("sectionName")),
    };
  });
}
