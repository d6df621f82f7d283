// What do Istio's objects look like, as far as Serin reads them?
import type { KubeObject, Texts } from "../../client/objects.ts";

export interface StringMatch {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: string | undefined;
}

export interface HttpMatch {
  readonly uri?: StringMatch | undefined;
  readonly method?: StringMatch | undefined;
  readonly headers?: Readonly<Record<string, StringMatch>> | undefined;
  readonly queryParams?: Readonly<Record<string, StringMatch>> | undefined;
  readonly ignoreUriCase?: boolean | undefined;
  readonly port?: number | undefined;
}

export interface Host {
  readonly host: string;
  readonly subset?: string | undefined;
  readonly port?: { readonly number?: number | undefined } | undefined;
}

export interface Destination {
  readonly destination: Host;
  readonly weight?: number | undefined;
}

export interface MirrorPolicy {
  readonly destination: Host;
  readonly percentage?: { readonly value?: number | undefined } | undefined;
}

/** A route of TLS or TCP. */
export interface StreamRoute {
  readonly match?: readonly unknown[] | undefined;
  readonly route?: readonly Destination[] | undefined;
}

export interface HttpRoute {
  readonly name?: string | undefined;
  readonly match?: readonly HttpMatch[] | undefined;
  readonly route?: readonly Destination[] | undefined;
  readonly redirect?: unknown;
  readonly rewrite?: { readonly uri?: string | undefined } | undefined;
  readonly mirror?: Host | undefined;
  readonly mirrors?: readonly MirrorPolicy[] | undefined;
  readonly mirrorPercentage?: { readonly value?: number | undefined } | undefined;
  readonly mirrorPercent?: number | undefined;
  readonly mirror_percent?: number | undefined;
}

/** The lists of routes of a VirtualService. */
export interface Lists {
  readonly http?: readonly HttpRoute[] | undefined;
  readonly tls?: readonly StreamRoute[] | undefined;
  readonly tcp?: readonly StreamRoute[] | undefined;
}

export interface VirtualService extends KubeObject {
  readonly spec: Lists & {
    readonly hosts?: readonly string[] | undefined;
    readonly gateways?: readonly string[] | undefined;
  };
}

export interface Subset {
  readonly name: string;
  readonly labels?: Texts | undefined;
}

export interface DestinationRule extends KubeObject {
  readonly spec: { readonly host: string; readonly subsets?: readonly Subset[] | undefined };
}
