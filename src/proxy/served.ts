// Which routes does one proxy follow?
import type { Route, Section } from "../core/split.ts";

/** A route of everybody, or of one section of the requests. */
export interface ServedRoute extends Route {
  readonly section?: Section | undefined;
}

/** What one proxy follows, by the section's name; the route of everybody else has none. */
export type Routes = ReadonlyMap<string, ServedRoute>;

/** The name of a section's pool or replica, in which no other `/` may stand: the section, and the name there. */
export const IN_SECTION = /^([^/]+)\/(.+)$/su;

/** Where the route of requests that no section takes is kept. */
export const EVERYBODY = "";

/** One step from one set of routes to the next. */
export type Change =
  | { readonly op: "route"; readonly route: ServedRoute }
  | { readonly op: "drop"; readonly section: string };

function sectionOf(change: Change): string {
  return change.op === "drop" ? change.section : nameOf(change.route);
}

export function nameOf({ section }: ServedRoute): string {
  return section?.name ?? EVERYBODY;
}

export function routesOf(routes: readonly ServedRoute[]): Routes {
  return new Map(routes.map((route) => [nameOf(route), route]));
}

export function changed(routes: Routes, change: Change): Routes {
  const next = new Map(routes);
  if (change.op === "drop") next.delete(change.section);
  else next.set(nameOf(change.route), change.route);
  return next;
}

/** The way back from a change to these routes. */
export function undoOf(change: Change, before: Routes): Change {
  const section = sectionOf(change);
  const route = before.get(section);
  return route ? { op: "route", route } : { op: "drop", section };
}

/** What is kept in a file: one route of everybody as it is, which older versions read, or all of them. */
export function toKeep(routes: Routes): unknown {
  const only = routes.get(EVERYBODY);
  return only && routes.size === 1 ? only : { routes: [...routes.values()] };
}

/** The routes in a file, none of them checked. */
export function kept(content: unknown): readonly unknown[] {
  if (content === undefined) return [];
  const { routes } = (content ?? {}) as { readonly routes?: unknown };
  return Array.isArray(routes) ? routes : [content];
}
