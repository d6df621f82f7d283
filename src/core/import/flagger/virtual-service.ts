// When does a Canary need a VirtualService of its own, and what stands in it?
import type { Context } from "../context.ts";
import type { Part } from "../part.ts";
import { from, same, type Out } from "../write.ts";
import type { ServiceFields } from "./formats.ts";

/** What Serin's own VirtualService does not have. */
const ROUTE = ["match", "rewrite", "timeout", "retries", "corsPolicy", "headers"] as const;
const VERSION = "networking.istio.io/v1";
const NAME = "primary";

/** Writes a VirtualService with the fields of a route, and says where it is; nothing where Serin's own will do. */
export function virtualService(service: Part<ServiceFields>, name: string, context: Context): Out | undefined {
  trafficPolicy(service, name, context);
  const delegation = service.at("delegation");
  const isDelegate = delegation?.value === true;
  if (!isDelegate) delegation?.take();
  if (!isDelegate && ROUTE.every((field) => service.value[field] === undefined)) return undefined;
  const { namespace, write } = context;
  if (isDelegate)
    delegation.note("a VirtualService without hosts and gateways is written, to which another one may delegate");
  const hosts = isDelegate ? undefined : hostsOf(service, name);
  const gateways = isDelegate ? undefined : same(service.at("gateways"));
  for (const field of isDelegate ? (["hosts", "gateways"] as const) : [])
    service.at(field)?.none("Flagger refuses it beside delegation", "take it out");
  const apex = service.at("apex");
  write({
    name: `${name}.virtualservice`,
    head: [
      `VirtualService ${name}, which Flagger made of this Canary. It is yours: Serin sets the weights of route ${NAME}.`,
    ],
    tree: {
      apiVersion: VERSION,
      kind: "VirtualService",
      metadata: { name, namespace, labels: same(apex?.at("labels")), annotations: same(apex?.at("annotations")) },
      spec: { hosts, gateways, http: [routeOf(service, name)] },
    },
  });
  return { name, routes: [NAME] };
}

/** Hosts of the VirtualService; nothing where the Service alone is meant. */
export function hostsOf(service: Part<ServiceFields>, name: string): Out {
  const hosts = service.at("hosts");
  const list = hosts?.value ?? [];
  // As Flagger does: the Service's name is one of them, unless all hosts are.
  return from(list.includes("*") || list.includes(name) ? list : [...list, name], hosts);
}

function routeOf(service: Part<ServiceFields>, name: string): Out {
  const rewrite = service.at("rewrite");
  rewrite?.at("type")?.note("Flagger heeds it with the Gateway API only: left out");
  return {
    name: NAME,
    match: same(service.at("match")),
    rewrite: rewrite && { uri: same(rewrite.at("uri")), authority: same(rewrite.at("authority")) },
    timeout: same(service.at("timeout")),
    retries: same(service.at("retries")),
    corsPolicy: same(service.at("corsPolicy")),
    headers: same(service.at("headers")),
    route: [{ destination: { host: name, port: { number: service.value.port } } }],
  };
}

/** As Flagger does: a rule for each version's Service. */
function trafficPolicy(service: Part<ServiceFields>, name: string, { namespace, write }: Context): void {
  const policy = service.at("trafficPolicy");
  if (!policy) return;
  policy.note("it is written as a DestinationRule of yours for the Service of each version");
  for (const role of ["canary", "stable"]) {
    const host = `${name}-${role}`;
    write({
      name: `${host}.destinationrule`,
      head: [`DestinationRule ${host}: the traffic policy that Flagger put into the rules of both versions.`],
      tree: {
        apiVersion: VERSION,
        kind: "DestinationRule",
        metadata: { name: host, namespace },
        spec: { host, trafficPolicy: from(policy.value, policy) },
      },
    });
  }
}
