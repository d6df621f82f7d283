// Can this route be followed?
import { z } from "zod";
import { wrongInRoute } from "../core/route.ts";
import { ROLES, type Role, type RoutePool } from "../core/split.ts";
import { WHOLE } from "../core/units.ts";
import { matchesSchema, sectionSchema } from "./match-check.ts";
import { badMirror, mirrorSchema } from "./mirror/check.ts";
import type { ServedRoute } from "./served.ts";

/** A route, or everything that is wrong with it. */
export type CheckedRoute =
  | { readonly ok: true; readonly route: ServedRoute }
  | { readonly ok: false; readonly why: readonly string[] };

const weight = z.number().int().min(0).max(WHOLE);
const token = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/, "must be a name as HTTP has it (RFC 9110, token)");
const host = z
  .string()
  .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253})|[0-9A-Fa-f:.]{2,45})$/, "must be a name or an address");

/** As long as a name may be, with its section in front. */
const label = z.string().min(1).max(320);

const pool = z.strictObject({
  pool: label,
  backends: z.array(z.strictObject({ replica: label, host, port: z.number().int().min(1).max(65_535) })),
});

/** A field for every role. */
const perRole = <T>(field: T): Record<string, T> => Object.fromEntries(ROLES.map((role) => [role, field]));

const routeSchema = z.strictObject({
  split: z.strictObject({
    weights: z.strictObject(perRole(weight.optional())),
    sticky: z
      .strictObject({
        key: z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.literal("cookie"), name: token, maxAgeMs: z.number().int().min(0).optional() }),
          z.strictObject({ kind: z.literal("header"), name: token }),
        ]),
        salt: z.string().max(256),
      })
      .optional(),
    matches: matchesSchema.optional(),
    mirror: mirrorSchema.optional(),
  }),
  pools: z.strictObject(perRole(pool.optional())),
  section: sectionSchema.optional(),
});

/**
 * Checks what came in as a route: its form, that the shares make a whole, and that each share and rule goes to a pool. A pool without
 * a replica is an outage, not a mistake: its requests fall back to stable, and stable's are answered with 503.
 */
export function checkRoute(input: unknown): CheckedRoute {
  const parsed = routeSchema.safeParse(input);
  if (!parsed.success) {
    return {
      ok: false,
      why: parsed.error.issues.map((issue) => `${issue.path.join(".") || "route"}: ${issue.message}`),
    };
  }
  const route = parsed.data as unknown as ServedRoute;
  const why = [...wrongInRoute(route), ...badMirror(route), ...ROLES.flatMap((role) => badNames(role, route))];
  return why.length === 0 ? { ok: true, route } : { ok: false, why };
}

/** Only names that begin with their section and `/` keep one service's counters and replicas apart from another's. */
function badNames(role: Role, { section, pools }: ServedRoute): readonly string[] {
  const held: RoutePool | undefined = pools[role];
  const names = held ? [held.pool, ...held.backends.map(({ replica }) => replica)] : [];
  if (section) {
    const bad = names.find((name) => !name.startsWith(`${section.name}/`) || name.length < section.name.length + 2);
    return bad === undefined
      ? []
      : [`pools.${role}: ${bad} must begin with ${section.name}/, as all names of a section`];
  }
  const bad = names.find((name) => name.includes("/"));
  return bad === undefined ? [] : [`pools.${role}: ${bad} is a name of a section, and this route is none's`];
}
