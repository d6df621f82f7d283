// How does an Envoy share out the requests of one service?
import type { Condition } from "../../../core/match.ts";
import { ROLES, shareOf, type Role, type Route, type Stickiness } from "../../../core/split.ts";
import { HeaderValueOption_HeaderAppendAction } from "../protos/envoy/config/core/v3/base_pb.ts";
import type {
  RouteAction_HashPolicySchema,
  RouteAction_RequestMirrorPolicySchema,
  RouteActionSchema,
  RouteSchema,
} from "../protos/envoy/config/route/v3/route_components_pb.ts";
import { FractionalPercent_DenominatorType } from "../protos/envoy/type/v3/percent_pb.ts";
import { PreviousHostsPredicateSchema } from "../protos/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { matchOf, methods, type MatchInit } from "./condition.ts";
import { anyOf, durationOf, literal, type Init } from "./messages.ts";
import { clusterName } from "./names.ts";
import type { Served } from "./types.ts";

type RouteInit = Init<typeof RouteSchema>;
type ActionInit = Init<typeof RouteActionSchema>;
type Copies = Init<typeof RouteAction_RequestMirrorPolicySchema>[];
type Hashed = Init<typeof RouteAction_HashPolicySchema>;

/** The methods that may be sent twice (RFC 9110 9.2.1). */
const SAFE = ["GET", "HEAD", "OPTIONS"];

/** Copies go to clusters of their own, so that their answers are counted apart from users' requests. */
export function copiesName(service: string, pool: string): string {
  return clusterName(service, `${pool}~copies`);
}

/** The roles that somebody answers for, in the order of the share axis. */
export function answeringRoles({ pools }: Route): readonly Role[] {
  return ROLES.filter((role) => role === "stable" || (pools[role]?.backends.length ?? 0) > 0);
}

/** The routes of a service at one of its listeners, the first that matches decides. */
export function routesOf(served: Served, listener: "main" | "preview"): readonly RouteInit[] {
  const entries = served.section?.when ?? [[]];
  return entries.flatMap((own) => ruled(served, { own, listener }).concat(shared(served, { own, listener })));
}

interface Place {
  /** Conditions that all requests of the service meet. */
  readonly own: readonly Condition[];
  readonly listener: "main" | "preview";
}

/** Requests that go to a role whatever the weights. */
function ruled(served: Served, { own, listener }: Place): readonly RouteInit[] {
  const { split } = served.route;
  return (split.matches ?? []).flatMap(({ when, to }) => {
    const match = matchOf([...own, ...when], listener);
    const role = answeringRoles(served.route).includes(to) ? to : "stable";
    return match ? copied(served, { match, to: role, conditions: [...own, ...when], listener }) : [];
  });
}

/** All others, by their shares. */
function shared(served: Served, { own, listener }: Place): readonly RouteInit[] {
  const match = matchOf(own, listener);
  return match ? copied(served, { match, conditions: own, listener }) : [];
}

interface Leg {
  readonly match: MatchInit;
  readonly conditions: readonly Condition[];
  readonly listener: Place["listener"];
  /** The role that gets them all; by their shares without it. */
  readonly to?: Role;
}

/** A leg, and before it the part of its requests that are copied. */
function copied(served: Served, leg: Leg): readonly RouteInit[] {
  const { mirror } = served.route.split;
  // Who tests at the second address is no user.
  if (!mirror || leg.listener === "preview") return sent(served, leg, []);
  const copies = copiesOf(served, leg.to);
  if (copies.length === 0) return sent(served, leg, []);
  const narrowed = (mirror.when ?? [[]]).flatMap((when) => {
    const match = matchOf([...leg.conditions, ...when], leg.listener);
    if (!match) return [];
    const safe = mirror.methods === "safe" ? [methods(SAFE)] : [];
    return sent(served, { ...leg, match: { ...match, headers: [...match.headers, ...safe] } }, copies);
  });
  const isAll = mirror.when === undefined && mirror.methods === "all";
  return isAll ? narrowed : [...narrowed, ...sent(served, leg, [])];
}

/** One copy per role that is to get one. Who gets the request itself gets no copy of it. */
function copiesOf({ service, route }: Served, to: Role | undefined): Copies {
  const { mirror } = route.split;
  const there = answeringRoles(route);
  return (mirror?.to ?? []).flatMap((role) => {
    const pool = route.pools[role];
    if (!pool || role === to || !there.includes(role)) return [];
    return [
      {
        cluster: copiesName(service, pool.pool),
        traceSampled: false,
        disableShadowHostSuffixAppend: true,
        runtimeFraction: {
          defaultValue: { numerator: mirror?.share ?? 0, denominator: FractionalPercent_DenominatorType.MILLION },
        },
      },
    ];
  });
}

function sent(served: Served, leg: Leg, copies: Copies): readonly RouteInit[] {
  const { to } = leg;
  const common = { ...commonAction(served), requestMirrorPolicies: copies };
  const asked = (match: MatchInit, action: ActionInit): RouteInit => ({
    match,
    action: { case: "route", value: { ...common, ...action } },
  });
  if (to !== undefined) return [asked(leg.match, toRole(served, to))];
  const { sticky } = served.route.split;
  if (!sticky) return [asked(leg.match, weighted(served, false))];
  return stuck(sticky, leg.match).map(({ hashed, match, ...route }) =>
    Object.assign(route, asked(match, { ...weighted(served, true), hashPolicy: [hashed] })),
  );
}

function toRole({ service, route }: Served, role: Role): ActionInit {
  return { clusterSpecifier: { case: "cluster", value: clusterName(service, route.pools[role]?.pool ?? "nobody") } };
}

/** The canary's part of the axis comes first: whoever is in it stays in it when it grows. */
function weighted({ service, route, base, generation }: Served, byHash: boolean): ActionInit {
  const roles = answeringRoles(route);
  return {
    clusterSpecifier: {
      case: "weightedClusters",
      value: {
        clusters: roles.map((role) => ({
          name: clusterName(service, route.pools[role]?.pool ?? "nobody"),
          weight: shareOf(base, role),
        })),
        runtimeKeyPrefix: runtimePrefix({ service, generation }),
        ...(byHash ? { randomValueSpecifier: { case: "useHashPolicy" as const, value: { value: true } } } : {}),
      },
    },
  };
}

function runtimePrefix({ service, generation }: Pick<Served, "service" | "generation">): string {
  return `serin.${service}.${generation}`;
}

type Stuck = Pick<RouteInit, "responseHeadersToAdd"> & { readonly match: MatchInit; readonly hashed: Hashed };

/** Longer keys are no cookies of ours. */
const KEY = "[^;]{1,512}";

/**
 * Two routes: one for requests with the key, one for those without. Hashed is the key with the rollout's salt before it, so that other
 * users come first in the next rollout. A request without a cookie is dealt by its own id, which becomes its cookie: so
 * the first answer is of the version that the user stays with.
 */
function stuck({ key, salt }: Stickiness, match: MatchInit): readonly Stuck[] {
  if (key.kind === "header") return [{ match, hashed: salted(key.name, "^.*$", salt) }];
  const known = {
    name: key.name,
    stringMatch: { matchPattern: { case: "safeRegex" as const, value: { regex: ".+" } } },
  };
  const found = String.raw`^(?:.*;)?\s*${literal(key.name)}=(${KEY})(?:;.*)?$`;
  const lasting = key.maxAgeMs === undefined ? "" : `; Max-Age=${Math.round(key.maxAgeMs / 1_000)}`;
  return [
    {
      match: { ...match, cookies: [...match.cookies, known] },
      hashed: salted("cookie", found, salt),
    },
    {
      match,
      hashed: salted("x-request-id", "^(.*)$", salt),
      responseHeadersToAdd: [
        {
          header: {
            key: "set-cookie",
            value: `${key.name}=%REQ(X-REQUEST-ID)%; Path=/; HttpOnly; SameSite=Lax${lasting}`,
          },
          appendAction: HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD,
        },
      ],
    },
  ];
}

function salted(headerName: string, regex: string, salt: string): Hashed {
  const whole = regex === "^.*$" ? String.raw`\0` : String.raw`\1`;
  const substitution = `${salt.replaceAll("\\", String.raw`\\`)} ${whole}`;
  return {
    policySpecifier: { case: "header", value: { headerName, regexRewrite: { pattern: { regex }, substitution } } },
  };
}

/** The balance is asked so often for a replica that has not been tried: of two, chance names the same one 1 in 65 536 times. */
const SELECTIONS = 16n;

/** Everything at once when nothing is said of single tries. */
function commonAction({ spec: { timeouts, retries } }: Served): ActionInit {
  const { tries, on, statuses } = retries;
  const policy = {
    retryOn: on.join(","),
    numRetries: tries,
    retriableStatusCodes: statuses ?? [],
    ...(timeouts.tryMs !== undefined && { perTryTimeout: durationOf(timeouts.tryMs) }),
    retryHostPredicate: [
      {
        name: "envoy.retry_host_predicates.previous_hosts",
        configType: { case: "typedConfig" as const, value: anyOf(PreviousHostsPredicateSchema, {}) },
      },
    ],
    hostSelectionRetryMaxAttempts: SELECTIONS,
  };
  return {
    timeout: durationOf(timeouts.responseMs),
    idleTimeout: durationOf(timeouts.idleMs),
    ...(tries > 0 ? { retryPolicy: policy } : {}),
  };
}

/** The values of the runtime keys that say these shares. */
export function runtimeOf(served: Served, weights: Served["base"]): Readonly<Record<string, number>> {
  const prefix = runtimePrefix(served);
  const entries = answeringRoles(served.route).map((role) => {
    const name = clusterName(served.service, served.route.pools[role]?.pool ?? "nobody");
    return [`${prefix}.${name}`, shareOf(weights, role)] as const;
  });
  return Object.fromEntries(entries);
}
