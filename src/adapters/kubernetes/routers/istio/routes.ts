// How are the routes of a VirtualService read and changed?
import type { Condition } from "../../../../core/match.ts";
import type { Mirror } from "../../../../core/mirror.ts";
import type { Role, Weights } from "../../../../core/split.ts";
import type { Roles } from "../slots.ts";
import { beside, sharesOf } from "../shares.ts";
import { isRole, roleOfService, serviceOf, splitHost, type By, type Called } from "../target.ts";
import { unwritable, type Dialect } from "../weave.ts";
import { narrowed } from "./match.ts";
import type { Destination, Host, HttpMatch, HttpRoute, Lists, MirrorPolicy, StreamRoute } from "./objects.ts";

/** Whose destinations are meant, and what stands for a role in them. */
export interface Aim {
  readonly called: Called;
  readonly by: By;
}

type AnyRoute = HttpRoute | StreamRoute;

/** Routes of HTTP. */
export function httpDialect(aim: Aim): Dialect<HttpRoute> {
  return {
    ...streamDialect<HttpRoute>(aim),
    nameOf: ({ name }) => name,
    named: (route, name) => ({ ...route, name }),
    only,
    copied: (route, mirror) => copied(aim, route, mirror),
  };
}

/** Routes of TLS and TCP: they have no names, and nothing but weights is Serin's in them. */
export function streamDialect<R extends AnyRoute>(aim: Aim): Dialect<R> {
  return {
    leads: (route) => portion(aim, route) > 0,
    nameOf: () => undefined,
    named: (route) => route,
    targetsOf: ({ route }) => route ?? [],
    withTargets: (route, targets) => ({ ...route, route: targets as readonly Destination[] }),
    sharesOf: (route) => shares(aim, route),
    shared: (route, weights) => shared(aim, route, weights),
  };
}

/** The role that a host stands for. */
function roleOf({ called, by }: Aim, { host, subset }: Host): Role | undefined {
  const name = splitHost(called, host)?.[0];
  if (name === undefined) return undefined;
  if (by === "services") return roleOfService(called, name);
  return name === called.name && isRole(subset) ? subset : undefined;
}

function isOwn(aim: Aim, { destination }: Destination): boolean {
  const name = splitHost(aim.called, destination.host)?.[0];
  return name === aim.called.name || roleOf(aim, destination) !== undefined;
}

/** A host that stands for a role, written as the other one is. */
function hostOf({ called, by }: Aim, like: Host, role: Role): Host {
  const { subset: _subset, host, ...rest } = like;
  const domain = splitHost(called, host)?.[1] ?? "";
  if (by === "services") return { host: `${serviceOf(called, role)}${domain}`, ...rest };
  return { host: `${called.name}${domain}`, subset: role, ...rest };
}

/** The roles that any destination in the lists stands for, also one that gets copies. */
export function namedRoles(lists: Lists, aim: Aim): Roles {
  const found = new Set<Role>();
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    const role = "host" in part && typeof part.host === "string" ? roleOf(aim, part as Host) : undefined;
    if (role !== undefined) found.add(role);
    for (const one of Object.values(part)) visit(one);
  };
  visit([lists.http, lists.tls, lists.tcp]);
  return found;
}

/** A single destination gets everything, whatever it says. */
function weightsOf({ route = [] }: AnyRoute): readonly (readonly [Destination, number])[] {
  const isAlone = route.length === 1;
  return route.map((one) => [one, isAlone ? 100 : (one.weight ?? 0)]);
}

/** What the service gets of a route. */
function portion(aim: Aim, route: AnyRoute): number {
  return weightsOf(route).reduce((sum, [one, weight]) => (isOwn(aim, one) ? sum + weight : sum), 0);
}

function shares(aim: Aim, route: AnyRoute): Weights | undefined {
  const own = weightsOf(route).filter(([one]) => isOwn(aim, one));
  const numbers = own.flatMap(([{ destination }, weight]): (readonly [Role, number])[] => {
    const role = roleOf(aim, destination);
    return role === undefined ? [] : [[role, weight]];
  });
  return numbers.length < own.length ? undefined : sharesOf(numbers);
}

/** The largest weight that a VirtualService takes. */
const LARGEST = 2 ** 31 - 1;

function shared<R extends AnyRoute>(aim: Aim, route: R, weights: Weights): R {
  const all = weightsOf(route);
  const [like] = all.find(([one]) => isOwn(aim, one)) ?? [];
  if (!like) return route;
  const others = all.filter(([one]) => !isOwn(aim, one)).map(([to, number]) => ({ to, number }));
  const numbers = beside(weights, portion(aim, route), others);
  const destinations: readonly Destination[] = [
    ...numbers.roles.map(({ to, number }) => weighted(aimed(aim, like, to), number)),
    ...numbers.others.map(({ to, number }) => weighted(to, number)),
  ];
  if (destinations.some(({ weight = 0 }) => weight > LARGEST))
    throw unwritable("weights that are larger than Istio takes");
  return { ...route, route: destinations };
}

function aimed(aim: Aim, like: Destination, role: Role): Destination {
  return { ...like, destination: hostOf(aim, like.destination, role) };
}

function weighted(destination: Destination, weight: number): Destination {
  return { ...destination, weight };
}

function only(route: HttpRoute, when: readonly (readonly Condition[])[]): HttpRoute | undefined {
  const isRewritten = route.rewrite?.uri !== undefined || route.redirect !== undefined;
  if (isRewritten && when.flat().some(({ on }) => on === "path")) {
    throw unwritable("a path, in a route that rewrites paths: what is rewritten is the part that matched");
  }
  const matches = route.match && route.match.length > 0 ? route.match : [{}];
  const match = matches.flatMap((one) =>
    when.flatMap((conditions): readonly HttpMatch[] => {
      const both = narrowed(one, conditions);
      return both ? [both] : [];
    }),
  );
  return match.length === 0 ? undefined : { ...route, match };
}

/** Copies that the route makes already stay; the older form of them and a list of them do not stand together. */
function copied(aim: Aim, route: HttpRoute, { to, share }: Mirror): HttpRoute {
  const like = route.route?.find((one) => isOwn(aim, one));
  if (!like) return route;
  const { mirror, mirrorPercentage, mirrorPercent, mirror_percent: percent, ...rest } = route;
  const value = mirrorPercentage?.value ?? mirrorPercent ?? percent;
  const own: readonly MirrorPolicy[] = mirror
    ? [{ destination: mirror, ...(value === undefined ? {} : { percentage: { value } }) }]
    : [];
  const mirrors = to.map((role): MirrorPolicy => {
    return { destination: hostOf(aim, like.destination, role), percentage: { value: share / 10_000 } };
  });
  return { ...rest, mirrors: [...own, ...(route.mirrors ?? []), ...mirrors] };
}
