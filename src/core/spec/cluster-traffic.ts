// How does a rollout file say who routes inside a cluster?
import * as z from "zod";
import { ObjectName, PortName } from "./deployment.ts";
import { shown, writtenOrNumber } from "./reading.ts";
import { rule } from "./rule.ts";
import { POOL_SIZE } from "./sizes.ts";

const HOST = /^(?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)$/u;
const Host = z.string().regex(HOST, {
  error: ({ input }) => `found ${shown(input)}, a host here is a DNS name, such as shop.example.com, or *.example.com`,
});

const RouteName = z.string().min(1);

/** The Service that clients call, and the port of it that is shared out. */
const CalledService = z.strictObject({
  name: ObjectName.describe("The Service that clients call."),
  port: PortName.optional().describe("Its port, by number or name. Default: its only one."),
});

export const ServiceSchema = z.strictObject({
  name: ObjectName.describe("The Service that clients call. Its selector is narrowed while a rollout is under way."),
  surge: writtenOrNumber(POOL_SIZE)
    .optional()
    .describe(
      "How many pods more than the Deployment's may run at once, so that shares come out by counts. With less than a share needs, the Deployment is scaled down for the time being. Default: 100%. Not of a StatefulSet or a DaemonSet, whose pods change in their places.",
    ),
});

const VirtualService = z.strictObject({
  name: ObjectName.describe(
    "A VirtualService of your own. Serin changes weights and its own rules in it, and nothing else.",
  ),
  routes: z
    .array(RouteName)
    .min(1)
    .optional()
    .describe("Names of its routes that lead to the Service. Default: all routes that do."),
});

export const IstioSchema = rule(
  z.strictObject({
    service: CalledService.describe("The Service that clients call."),
    virtualService: VirtualService.optional().describe("One of your own. Without it Serin makes one."),
    hosts: z
      .array(Host)
      .min(1)
      .optional()
      .describe("Hosts of the VirtualService that Serin makes. Default: the Service."),
    gateways: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("Gateways of the VirtualService that Serin makes, and mesh for callers inside. Default: mesh."),
    by: z
      .enum(["subsets", "services"])
      .default("subsets")
      .describe("Whether versions are subsets of a DestinationRule, or Services of their own."),
  }),
  ({ virtualService, hosts, gateways }, report) => {
    const message = "found beside virtualService, which has its own: take it out";
    if (virtualService && hosts) report(["hosts"], "conflict", message);
    if (virtualService && gateways) report(["gateways"], "conflict", message);
  },
);

const ParentRef = z.strictObject({
  name: ObjectName.describe("The Gateway."),
  namespace: ObjectName.optional().describe("Its namespace. Default: that of the rollout."),
  sectionName: z.string().min(1).optional().describe("The listener. Default: all of them."),
});

const OwnRoute = z.strictObject({
  kind: z.enum(["HTTPRoute", "GRPCRoute"]).default("HTTPRoute").describe("Kind of the route."),
  name: ObjectName.describe("A route of your own. Serin changes the backends of the Service in it, and nothing else."),
  rules: z
    .array(RouteName)
    .min(1)
    .optional()
    .describe("Names of its rules that lead to the Service. Default: all rules that do."),
});

export const GatewaySchema = rule(
  z
    .strictObject({
      service: CalledService.describe("The Service that clients call."),
      route: OwnRoute.optional().describe("One of your own. Without it Serin makes an HTTPRoute."),
      parents: z.array(ParentRef).min(1).optional().describe("Gateways of the HTTPRoute that Serin makes."),
      hostnames: z.array(Host).min(1).optional().describe("Hostnames of the HTTPRoute that Serin makes. Default: all."),
    })
    .meta({ oneOf: [{ required: ["route"] }, { required: ["parents"] }] }),
  ({ route, parents, hostnames }, report) => {
    if (!route && !parents) report([], "missing-field", "one of route or parents must be here");
    const message = "found beside route, which has its own: take it out";
    if (route && parents) report(["parents"], "conflict", message);
    if (route && hostnames) report(["hostnames"], "conflict", message);
  },
);

/** A Service alone: shares by the number of pods, and one switch. */
export type ServiceSpec = Readonly<z.output<typeof ServiceSchema>>;
/** Istio, as the file asks for it. */
export type IstioSpec = Readonly<z.output<typeof IstioSchema>>;
/** Gateway API, as the file asks for it. */
export type GatewaySpec = Readonly<z.output<typeof GatewaySchema>>;
