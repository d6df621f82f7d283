// When does a Canary need an HTTPRoute of its own, and what stands in it?
import type { Context } from "../context.ts";
import type { Part } from "../part.ts";
import { from, same, type Out } from "../write.ts";
import type { ServiceFields } from "./formats.ts";

/** What Serin's own HTTPRoute does not have. */
const ROUTE = ["match", "rewrite", "timeout", "headers", "corsPolicy", "mirror"] as const;
const VERSION = "gateway.networking.k8s.io/v1";

/** Writes an HTTPRoute with the fields of a rule, and says where it is; nothing where Serin's own will do. */
export function httpRoute(service: Part<ServiceFields>, name: string, { namespace, write }: Context): Out | undefined {
  if (ROUTE.every((field) => service.value[field] === undefined)) return undefined;
  const apex = service.at("apex");
  const timeout = service.at("timeout");
  write({
    name: `${name}.httproute`,
    head: [`HTTPRoute ${name}, which Flagger made of this Canary. It is yours: Serin sets the weights of its rule.`],
    tree: {
      apiVersion: VERSION,
      kind: "HTTPRoute",
      metadata: { name, namespace, labels: same(apex?.at("labels")), annotations: same(apex?.at("annotations")) },
      spec: {
        parentRefs: same(service.at("gatewayRefs")),
        hostnames: same(service.at("hosts")),
        rules: [
          {
            matches: matchesOf(service),
            filters: filtersOf(service),
            timeouts: timeout && { request: from(timeout.value, timeout) },
            backendRefs: [{ name, port: service.value.port }],
          },
        ],
      },
    },
  });
  return { kind: "HTTPRoute", name };
}

type Match = NonNullable<ServiceFields["match"]>[number];

function matchesOf(service: Part<ServiceFields>): Out | undefined {
  const matches = (service.at("match")?.items() ?? []).flatMap((match) => {
    leftOut(match);
    const [uri, method] = [match.at("uri"), match.at("method")];
    const [headers, query] = [valuesOf(match.at("headers")), valuesOf(match.at("queryParams"))];
    // What is left of an entry without one of its conditions would mean more requests than were meant.
    if ((method && method.value.exact === undefined) || !headers || !query) return [];
    return [
      {
        path: uri && pathOf(uri),
        method: method?.value.exact === undefined ? undefined : from(method.value.exact, method),
        headers: headers.length > 0 ? headers : undefined,
        queryParams: query.length > 0 ? query : undefined,
      },
    ];
  });
  return matches.length > 0 ? matches : undefined;
}

/** Flagger hands these to Istio only. */
const ISTIO = [
  "scheme",
  "authority",
  "port",
  "sourceLabels",
  "gateways",
  "ignoreUriCase",
  "withoutHeaders",
  "sourceNamespace",
] as const;

function leftOut(match: Part<Match>): void {
  match.at("name")?.note("a name for people: left out");
  for (const field of ISTIO) match.at(field)?.note("Flagger's Gateway API does not heed it: left out");
  const method = match.at("method");
  if (method && method.value.exact === undefined)
    method.none("the Gateway API compares a method as a whole", "write one entry for each method");
}

type Compared = NonNullable<Match["uri"]>;

function pathOf(uri: Part<Compared>): Out {
  const { exact, prefix, regex } = uri.value;
  const [type, value] =
    regex === undefined
      ? exact === undefined
        ? ["PathPrefix", prefix]
        : ["Exact", exact]
      : ["RegularExpression", regex];
  return from({ type: type ?? "PathPrefix", value: value ?? "/" }, uri);
}

/** Nothing when one of them cannot be said. */
function valuesOf(values: Part<Readonly<Record<string, Compared>>> | undefined): readonly Out[] | undefined {
  const entries = values?.entries() ?? [];
  const made = entries.flatMap(([name, match]) => {
    const { exact, prefix, regex } = match.value;
    if (exact !== undefined) return [from({ name, type: "Exact", value: exact }, match)];
    if (regex !== undefined) return [from({ name, type: "RegularExpression", value: regex }, match)];
    match.none(
      `the Gateway API has no prefix for ${name}, and Flagger refuses it`,
      `write it as regex: ${prefix ?? ""}.*`,
    );
    return [];
  });
  return made.length === entries.length ? made : undefined;
}

function filtersOf(service: Part<ServiceFields>): Out | undefined {
  const headers = service.at("headers");
  const filters = [
    modifier("RequestHeaderModifier", headers?.at("request")),
    modifier("ResponseHeaderModifier", headers?.at("response")),
    rewriteOf(service),
    ...(service.at("mirror")?.items() ?? []).map((mirror) => ({
      type: "RequestMirror",
      requestMirror: from(mirror.value as Out, mirror),
    })),
    corsOf(service),
  ].filter((filter) => filter !== undefined);
  headers?.take();
  return filters.length === 0 ? undefined : filters;
}

type Operations = NonNullable<NonNullable<ServiceFields["headers"]>["request"]>;

function modifier(
  type: "RequestHeaderModifier" | "ResponseHeaderModifier",
  part: Part<Operations> | undefined,
): Out | undefined {
  if (!part) return undefined;
  const listed = (values: Readonly<Record<string, string>> | undefined) =>
    values && Object.entries(values).map(([name, value]) => ({ name, value }));
  const { set, add, remove } = part.value;
  const field = `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  return { type, [field]: from({ set: listed(set), add: listed(add), remove }, part) };
}

function rewriteOf(service: Part<ServiceFields>): Out | undefined {
  const rewrite = service.at("rewrite");
  if (!rewrite) return undefined;
  const { uri, authority, type } = rewrite.value;
  const path =
    type === "ReplacePrefixMatch"
      ? { type: "ReplacePrefixMatch", replacePrefixMatch: uri ?? "/" }
      : { type: "ReplaceFullPath", replaceFullPath: uri ?? "/" };
  return {
    type: "URLRewrite",
    urlRewrite: from({ hostname: authority, path: uri === undefined ? undefined : path }, rewrite),
  };
}

function corsOf(service: Part<ServiceFields>): Out | undefined {
  const cors = service.at("corsPolicy");
  if (!cors) return undefined;
  const { allowOrigin, allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = cors.value;
  const others = (allowOrigins ?? []).filter(({ exact }) => exact === undefined);
  if (others.length > 0)
    cors.at("allowOrigins")?.none("the Gateway API names origins as a whole", "write each origin as exact");
  const age = maxAge === undefined ? undefined : Number(/^(\d+)s$/u.exec(maxAge)?.[1]);
  if (age !== undefined && Number.isNaN(age))
    cors.at("maxAge")?.none(`found ${maxAge}, the Gateway API has seconds here`, "write it as 600s");
  const origins = [...(allowOrigin ?? []), ...(allowOrigins ?? []).flatMap(({ exact }) => exact ?? [])];
  const said = {
    allowOrigins: origins.length > 0 ? origins : undefined,
    allowMethods,
    allowHeaders,
    exposeHeaders,
    allowCredentials,
    maxAge: age !== undefined && !Number.isNaN(age) ? age : undefined,
  };
  const made = from(said, cors);
  return Object.values(said).some((value) => value !== undefined) ? { type: "CORS", cors: made } : undefined;
}
