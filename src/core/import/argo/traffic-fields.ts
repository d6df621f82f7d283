// Which fields does Argo's traffic routing have?
import * as z from "zod";

const Texts = z.record(z.string(), z.string());
const List = z.array(z.string());

const VirtualService = z.strictObject({
  name: z.string().min(1),
  routes: List.optional(),
  tlsRoutes: z.array(z.strictObject({ port: z.int().optional(), sniHosts: List.optional() })).optional(),
  tcpRoutes: z.array(z.strictObject({ port: z.int().optional() })).optional(),
});

const Named = z.strictObject({ name: z.string() });

export const TrafficRouting = z.strictObject({
  managedRoutes: z.array(Named).optional(),
  maxTrafficWeight: z.int().min(1).optional(),
  istio: z
    .strictObject({
      virtualService: VirtualService.optional(),
      virtualServices: z.array(VirtualService).optional(),
      destinationRule: z
        .strictObject({
          name: z.string().min(1),
          canarySubsetName: z.string(),
          stableSubsetName: z.string(),
          additionalSubsetNames: List.optional(),
        })
        .optional(),
    })
    .optional(),
  plugins: z.record(z.string(), z.unknown()).optional(),
  alb: z
    .strictObject({
      ingress: z.string().optional(),
      ingresses: List.optional(),
      servicePort: z.int(),
      rootService: z.string().optional(),
      annotationPrefix: z.string().optional(),
      stickinessConfig: z.strictObject({ enabled: z.boolean(), durationSeconds: z.int() }).optional(),
    })
    .optional(),
  ambassador: z.strictObject({ mappings: List }).optional(),
  apisix: z.strictObject({ route: z.strictObject({ name: z.string(), rules: List.optional() }).optional() }).optional(),
  appMesh: z
    .strictObject({
      virtualNodeGroup: z.strictObject({ canaryVirtualNodeRef: Named, stableVirtualNodeRef: Named }).optional(),
      virtualService: z.strictObject({ name: z.string(), routes: List.optional() }).optional(),
    })
    .optional(),
  nginx: z
    .strictObject({
      annotationPrefix: z.string().optional(),
      stableIngress: z.string().optional(),
      stableIngresses: List.optional(),
      additionalIngressAnnotations: Texts.optional(),
      canaryIngressAnnotations: Texts.optional(),
    })
    .optional(),
  smi: z.strictObject({ rootService: z.string().optional(), trafficSplitName: z.string().optional() }).optional(),
  traefik: z.strictObject({ weightedTraefikServiceName: z.string() }).optional(),
});

export type RoutingFields = z.output<typeof TrafficRouting>;
