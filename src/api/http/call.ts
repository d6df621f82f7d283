// How is one call of the API described and carried out?
import type { OpenAPIHono, RouteConfig, RouteHandler, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Acts } from "../access/acts.ts";
import type { AccessRole } from "../access/file.ts";
import type { AccessEnv } from "../access/guard.ts";
import type { Frozen } from "../schemas/exactly.ts";

export type Env = AccessEnv;

export type App = OpenAPIHono<Env>;
export type Asked = Context<Env>;

/** What is done for whoever calls, as far as that one may. */
export type ActsOf = (c: Asked) => Acts;

/** Throws a 403, and writes that down, unless the caller may do this with a service or group. */
export function permit(c: Asked, role: AccessRole, service: string): void {
  const caller = c.get("caller");
  caller.refuseUnless(caller.may(role, service), role, { what: role, service });
}

/** Adds a call. What it answers is checked against its schema by `answered`; refusals are thrown. */
export function on<R extends RouteConfig>(
  app: App,
  route: R,
  answer: (c: Parameters<RouteHandler<R, Env>>[0]) => Promise<Response> | Response,
): void {
  app.openapi(route, answer);
}

/** An answer by a schema: what has drifted from it does not compile. */
export function answered<S extends z.ZodType>(c: Context, _schema: S, value: Frozen<z.output<S>>): Response {
  return c.body(JSON.stringify(value), 200, { "content-type": "application/json" });
}
