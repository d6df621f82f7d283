// How do other processes reach the controller?
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { messageOf, SerinError, type Trouble } from "../core/issues.ts";
import type { Link } from "./contract.ts";

/** Where a controller listens, and what a caller must show. */
export interface Door {
  readonly url: string;
  readonly token: string;
}

export interface OpenDoor extends Door {
  /** Takes no more calls, lets `last` bring those under way to an answer, and cuts off what is left then. */
  close(last: () => Promise<void>): Promise<void>;
}

const asking = { actor: z.string().min(1).max(200), reason: z.string().max(2_000) };
const applyBody = z.strictObject({
  ...asking,
  text: z.string(),
  origin: z.string().min(1),
  hotfix: z.boolean().optional(),
});
const commandBody = z.strictObject({
  ...asking,
  kind: z.enum(["promote", "pause", "resume", "abort", "retry", "undo", "scale"]),
  expected: z.int().min(0).optional(),
  full: z.boolean().optional(),
  to: z.string().min(1).max(64).optional(),
  replicas: z.int().min(1).max(1_000).optional(),
});
const range = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});

/** A rollout file may be this long. */
const MOST_BYTES = 4 * 1024 * 1024;

/** So long an answer may take to leave when nobody is left to answer another call. */
const FLUSHED_MS = 250;

/** Serves a link on a loopback port of the system's choice; every call must carry the token. */
export async function openDoor(link: Link): Promise<OpenDoor> {
  const token = randomBytes(32).toString("hex");
  const server = await listen(routes(link, token));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    close: async (last) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await last();
      const rest = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), FLUSHED_MS);
      await closed;
      clearTimeout(rest);
    },
  };
}

function listen(app: Hono): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, () => resolve(server));
    server.once("error", reject);
  });
}

function routes(link: Link, token: string): Hono {
  const app = new Hono();
  app.use(async (c, next) => (allowed(c.req.header("authorization"), token) ? next() : problem(c, NOT_ALLOWED, 401)));
  app.use(bodyLimit({ maxSize: MOST_BYTES, onError: (c) => problem(c, TOO_LONG, 413) }));
  app.get("/v1/services", async (c) => c.json(await link.list()));
  app.get("/v1/services/:name", async (c) => c.json(await link.get(c.req.param("name"))));
  app.get("/v1/services/:name/records", async (c) => {
    const { after, limit } = range.parse(c.req.query());
    return c.json(await link.records(c.req.param("name"), after, limit));
  });
  app.get("/v1/groups", async (c) => c.json(await link.groups()));
  app.get("/v1/groups/:name", async (c) => c.json(await link.group(c.req.param("name"))));
  app.post("/v1/apply", async (c) => c.json(await link.apply(applyBody.parse(await c.req.json()))));
  app.post("/v1/services/:name/commands", async (c) =>
    c.json(await link.command(c.req.param("name"), commandBody.parse(await c.req.json()))),
  );
  app.delete("/v1/services/:name", async (c) => {
    await link.remove(c.req.param("name"));
    return c.body(null, 204);
  });
  app.notFound((c) =>
    problem(c, { code: "SERIN_NO_SUCH_CALL", what: `there is no ${c.req.method} ${c.req.path}` }, 404),
  );
  app.onError((error, c) => {
    if (error instanceof SerinError) return problem(c, error.trouble, statusOf(error.trouble));
    if (error instanceof z.ZodError) return problem(c, { ...BAD_CALL, found: z.prettifyError(error) }, 400);
    if (error instanceof SyntaxError) return problem(c, { ...BAD_CALL, found: error.message }, 400);
    return problem(c, { code: "SERIN_FAILED", what: messageOf(error) }, 500);
  });
  return app;
}

const NOT_ALLOWED: Trouble = { code: "SERIN_NOT_ALLOWED", what: "the call does not carry this controller's token" };
const TOO_LONG: Trouble = {
  code: "SERIN_TOO_LONG",
  what: "the call is too long",
  found: `more than ${MOST_BYTES} bytes`,
  exitCode: 2,
};
const BAD_CALL: Trouble = { code: "SERIN_BAD_CALL", what: "the call is not understood", exitCode: 2 };

function statusOf({ code, exitCode }: Trouble): 400 | 404 | 409 {
  if (code === "SERIN_UNKNOWN_SERVICE") return 404;
  return exitCode === 2 ? 400 : 409;
}

type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 500 | 503;

/** A trouble as the answer to a call. */
export function problem(c: Context, trouble: Trouble, status: ProblemStatus): Response {
  const body = { type: `urn:serin:${trouble.code}`, title: trouble.what, status, trouble };
  return c.body(JSON.stringify(body), status, { "content-type": "application/problem+json" });
}

/** Whether the header carries the token. */
export function allowed(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? "");
  const right = Buffer.from(`Bearer ${token}`);
  return given.length === right.length && timingSafeEqual(given, right);
}
