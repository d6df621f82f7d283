// What do routes of the Gateway API look like, as far as Serin reads them?
import type { Condition, KubeObject } from "../../client/objects.ts";

export interface NamedMatch {
  readonly name: string;
  readonly type?: string | undefined;
  readonly value: string;
}

/** Of an HTTPRoute, or of a GRPCRoute, whose `method` is a map. */
export interface RouteMatch {
  readonly path?: { readonly type?: string | undefined; readonly value?: string | undefined } | undefined;
  readonly method?: unknown;
  readonly headers?: readonly NamedMatch[] | undefined;
  readonly queryParams?: readonly NamedMatch[] | undefined;
}

export interface BackendRef {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly port?: number | undefined;
  readonly weight?: number | undefined;
}

export interface Filter {
  readonly type: string;
  readonly urlRewrite?: { readonly path?: { readonly type?: string | undefined } | undefined } | undefined;
  readonly requestMirror?:
    | {
        readonly backendRef: BackendRef;
        readonly percent?: number | undefined;
        readonly fraction?: { readonly numerator: number; readonly denominator?: number | undefined } | undefined;
      }
    | undefined;
}

export interface Rule {
  readonly name?: string | undefined;
  readonly matches?: readonly RouteMatch[] | undefined;
  readonly filters?: readonly Filter[] | undefined;
  readonly backendRefs?: readonly BackendRef[] | undefined;
}

export interface ParentRef {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly sectionName?: string | undefined;
}

/** What a controller says of a condition, and of which version of the route. */
export interface SaidCondition extends Condition {
  readonly observedGeneration?: number | undefined;
}

export interface ParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName?: string | undefined;
  readonly conditions?: readonly SaidCondition[] | undefined;
}

export interface GatewayRoute extends KubeObject {
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[] | undefined;
    readonly hostnames?: readonly string[] | undefined;
    readonly rules?: readonly Rule[] | undefined;
  };
  readonly status?: { readonly parents?: readonly ParentStatus[] | undefined } | undefined;
}
