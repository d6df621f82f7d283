// How is one call of the API described and carried out?
import type { OpenAPIHono, RouteConfig, RouteHandler, z } from "@hono/zod-openapi";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Whoami } from "../contract.ts";
import type { Frozen } from "../schemas/exactly.ts";
import { Refused } from "./problem.ts";

/** What a caller must be allowed to do. */
export type Need = "view" | "operate" | "approve" | "administer";

/** Who calls. */
export interface Caller {
  readonly actor: string;
  /** Whether the actor is proven; others may say who they are. */
  readonly isKnown: boolean;
  /** Whether they may do this with a service or group. */
  readonly may: (need: Need, name: string) => boolean;
  /** The same, as it is told. */
  readonly whoami: Whoami;
}

export interface Env {
  Bindings: HttpBindings;
  Variables: { caller: Caller };
}

export type App = OpenAPIHono<Env>;
export type Asked = Context<Env>;

/** Throws a 403 unless the caller may do this with a service or group. */
export function permit(c: Asked, need: Need, name: string): void {
  if (c.get("caller").may(need, name)) return;
  const what = `you may not ${need} ${name}`;
  throw new Refused({ code: "SERIN_FORBIDDEN", what, now: "nothing was changed", exitCode: 2 }, 403);
}

/** Who asks: who is logged in, else who the call says. */
export function actorOf(c: Asked, said: string | undefined): string {
  const { actor, isKnown } = c.get("caller");
  return isKnown ? actor : (said ?? actor);
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
