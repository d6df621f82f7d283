// Where do the requests of an Argo Rollout come in?
import type { Context } from "../context.ts";
import type { Part } from "../part.ts";
import { serviceOf } from "../workload.ts";
import { from, same, type Out } from "../write.ts";
import type { CanaryFields } from "./strategy-fields.ts";
import type { RoutingFields } from "./traffic-fields.ts";

export interface Routed {
  readonly traffic: { readonly [name: string]: Out };
  readonly matches: boolean;
  readonly routed: boolean;
}

/** Who else carries the traffic. */
export interface Owned {
  /** Of the rollout. */
  readonly name: string;
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly context: Context;
}

const OTHERS = {
  alb: "the AWS load balancer controller",
  ambassador: "Ambassador",
  apisix: "APISIX",
  appMesh: "App Mesh",
  nginx: "NGINX's ingress",
  smi: "SMI",
  traefik: "Traefik's own services",
} as const;

const GATEWAY = "argoproj-labs/gatewayAPI";

/** The traffic of a canary. */
export function trafficOf(canary: Part<CanaryFields>, owned: Owned): Routed {
  const routing = canary.at("trafficRouting");
  const pingPong = canary.at("pingPong");
  pingPong?.note("pods change their roles here and not their places: nothing has to swap");
  if (!routing) return { traffic: plain(canary, owned), matches: false, routed: false };
  routing.at("managedRoutes")?.note("Serin's rules stand before the others, and it owns none else");
  routing.at("maxTrafficWeight")?.take();
  for (const [field, what] of Object.entries(OTHERS))
    routing
      .at(field as keyof typeof OTHERS)
      ?.none(`Serin has nothing for ${what} yet`, "use Istio or the Gateway API, which many of them have");
  const [istio, plugins] = [routing.at("istio"), routing.at("plugins")];
  const made = (istio && istioOf(istio, canary, owned)) ?? (plugins && pluginsOf(plugins, canary, owned));
  if (made) {
    if (istio && plugins) for (const [, plugin] of plugins.entries()) other(plugin);
    services(canary);
    return { traffic: made, matches: true, routed: true };
  }
  services(canary);
  return { traffic: { service: { name: apex(canary, owned) } }, matches: false, routed: true };
}

function other(plugin: Part<unknown>): void {
  plugin.none("one router carries the requests here", "keep one of them");
}

/** The Service that clients call. */
function apex(canary: Part<CanaryFields>, { name, labels, context }: Owned): Out {
  const [stable, candidate] = [canary.at("stableService"), canary.at("canaryService")];
  const selected = serviceOf(labels, context);
  if (stable) return from(stable.value, stable);
  if (selected !== undefined && selected !== candidate?.value) return selected;
  canary.lacks(
    "no Service is named here, and none in the files selects the pods",
    `give its file too, or correct spec.traffic.service.name in what was written, which is ${name} now`,
  );
  return name;
}

function plain(canary: Part<CanaryFields>, owned: Owned): { readonly [name: string]: Out } {
  const [stable, candidate, surge] = [canary.at("stableService"), canary.at("canaryService"), canary.at("maxSurge")];
  const selected = serviceOf(owned.labels, owned.context);
  const isApart = selected !== undefined && selected !== stable?.value && selected !== candidate?.value;
  const name = isApart ? selected : apex(canary, owned);
  const text = isApart
    ? `without a router it selects one version's pods, and clients call ${selected}: Serin needs that one alone`
    : "Serin narrows the Service that clients call, and needs no second one";
  candidate?.changes(text);
  if (isApart) stable?.changes(text);
  const hasSteps = (canary.value.steps ?? []).length > 0;
  const isNothing = surge?.value === 0 || surge?.value === "0" || surge?.value === "0%";
  if (surge && hasSteps && isNothing)
    surge.changes("shares by the number of pods need one pod more at times: one more at most");
  if (!surge && hasSteps)
    canary.about(
      "as many pods more as a share needs may run (surge: 100%), and none is missing; Argo's own is 25% of both",
    );
  return { service: { name, surge: surge && hasSteps ? from(isNothing ? 1 : surge.value, surge) : undefined } };
}

function services(canary: Part<CanaryFields>): void {
  canary
    .at("stableService")
    ?.changes("clients call it: it is taken for the Service itself, and may select the pods of both versions again");
  const { stableService: stable = "", canaryService: candidate } = canary.value;
  const clash = candidate === `${stable}-canary` ? ": delete this one first, for Serin's has the same name" : "";
  canary
    .at("canaryService")
    ?.changes(
      `Serin makes the Services of versions itself${clash}; take it out of the routes, which lead to ${stable || "the Service"} alone`,
    );
}

function istioOf(
  istio: Part<NonNullable<RoutingFields["istio"]>>,
  canary: Part<CanaryFields>,
  owned: Owned,
): { readonly [name: string]: Out } | undefined {
  const [single, several, rule] = [
    istio.at("virtualService"),
    istio.at("virtualServices"),
    istio.at("destinationRule"),
  ];
  const [first, ...more] = several?.items() ?? [];
  const service = single ?? first;
  for (const extra of single && first ? [first, ...more] : more)
    extra.none("one VirtualService is routed here", "put their routes into one VirtualService");
  if (!service) {
    istio.lacks("no VirtualService is named", "add virtualService");
    rule?.take();
    return undefined;
  }
  for (const field of ["tlsRoutes", "tcpRoutes"] as const)
    service.at(field)?.none("Serin shares out requests, and no connections yet", "use HTTP routes");
  rule?.changes("Serin writes the subsets itself, into a DestinationRule of its own: these may go");
  const target = { name: rule ? hostOf(rule.value.name, canary, owned) : apex(canary, owned) };
  const named = { name: from(service.value.name, service.at("name")), routes: same(service.at("routes")) };
  return { istio: { service: target, virtualService: named, by: rule ? undefined : "services" } };
}

/** The Service that a DestinationRule is about. */
function hostOf(rule: string, canary: Part<CanaryFields>, owned: Owned): Out {
  const found = owned.context.known.find(
    { kind: "DestinationRule", name: rule, namespace: owned.context.namespace },
    /^networking\.istio\.io\//u,
  );
  const spec = (found?.data as { readonly spec?: { readonly host?: unknown } } | undefined)?.spec;
  const host = typeof spec?.host === "string" ? spec.host.split(".")[0] : undefined;
  if (host === undefined) return apex(canary, owned);
  owned.context.known.mention([{ kind: "Service", name: host }]);
  return host;
}

const ROUTES = { httpRoute: "HTTPRoute", grpcRoute: "GRPCRoute" } as const;

function pluginsOf(
  plugins: Part<Readonly<Record<string, unknown>>>,
  canary: Part<CanaryFields>,
  owned: Owned,
): { readonly [name: string]: Out } | undefined {
  let made: { readonly [name: string]: Out } | undefined;
  for (const [name, plugin] of plugins.entries()) {
    if (name !== GATEWAY || typeof plugin.value !== "object" || plugin.value === null)
      plugin.none(`Serin has no plugin ${name}`, "use Istio or the Gateway API");
    else made = gateway(plugin as Part<Readonly<Record<string, unknown>>>, canary, owned);
  }
  return made;
}

function gateway(
  plugin: Part<Readonly<Record<string, unknown>>>,
  canary: Part<CanaryFields>,
  owned: Owned,
): { readonly [name: string]: Out } | undefined {
  let route: Out | undefined;
  for (const [name, field] of plugin.entries()) {
    const part = field;
    const kind = ROUTES[name.replace(/s$/u, "") as keyof typeof ROUTES];
    const named = typeof part.value === "string" ? part.value : firstName(part.value);
    if (name === "namespace") part.note("the route is in the namespace of the rollout");
    else if (kind === undefined || named === undefined)
      part.none("Serin routes by one HTTPRoute or GRPCRoute", "name one route in spec.traffic.gateway.route");
    else if (route !== undefined) part.none("one route is routed here", "put their rules into one route");
    else route = { kind, name: from(named, part) };
  }
  if (route === undefined) {
    plugin.lacks("no route is named", "add httpRoute");
    return undefined;
  }
  return { gateway: { service: { name: apex(canary, owned) }, route } };
}

/** Of a list of one. */
function firstName(value: unknown): string | undefined {
  const list = Array.isArray(value) && value.length === 1 ? (value as readonly unknown[]) : [];
  const [first] = list as readonly { readonly name?: unknown }[];
  return typeof first?.name === "string" ? first.name : undefined;
}
