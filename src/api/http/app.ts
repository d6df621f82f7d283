// What does the API consist of, and what holds for every call?
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { methodNotAllowed } from "hono/method-not-allowed";
import { timeout } from "hono/timeout";
import type { Context, MiddlewareHandler } from "hono";
import type { Trouble } from "../../core/issues.ts";
import type { Access } from "../access/access.ts";
import type { Desk } from "../desk.ts";
import type { App, Env } from "./call.ts";
import { dashboard } from "./dashboard.ts";
import { addFiles } from "./files.ts";
import { headers } from "./headers.ts";
import { openApi } from "./openapi.ts";
import { addEvents, addGroups, addWhoami } from "./others.ts";
import { answerTo, problem } from "./problem.ts";
import { limited, type Rate } from "./rate.ts";
import { addRehearsals } from "./rehearsals.ts";
import { addReports } from "./reports.ts";
import * as routes from "./routes.ts";
import { addCommands, addLooks } from "./services.ts";

/** A rollout file may be this long, as JSON. */
const MOST_BYTES = 4 * 1024 ** 2;
/** Looks are quick; what takes a service down waits for its replicas to drain. */
const LOOK_MS = 30_000;
const COMMAND_MS = 110_000;

export interface AppOptions {
  readonly access: Access;
  /** Whether browsers get the dashboard. */
  readonly browser: boolean;
  readonly rate?: Rate | undefined;
  /** Why nothing is answered for the time being; nothing while it is. */
  readonly standby?: (() => Trouble | undefined) | undefined;
  /** Folder of the dashboard's files; the package's own without it. */
  readonly pages?: string | undefined;
}

const newApp = (): App =>
  new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw result.error;
    },
  });

/** Where a call has a body, it is JSON. */
function jsonOnly(app: App): App {
  for (const route of Object.values(routes))
    if ("request" in route && "body" in route.request) app.use(route.getRoutingPath(), isJson);
  return app;
}

/** The API, with every call's description. */
function apiOf(desk: Desk, access: Access): App {
  const app = jsonOnly(newApp());
  addLooks(app, desk);
  addReports(app, desk);
  addCommands(app, desk, access.actsOf(desk));
  addFiles(app, desk, access.actsOf(desk));
  addRehearsals(app, desk);
  addGroups(app, desk);
  addEvents(app, desk);
  addWhoami(app);
  access.addGuarded(app);
  return app;
}

/** Everything that is served at one address. */
export function appOf(desk: Desk, options: AppOptions): App {
  const { access } = options;
  const app = newApp();
  const api = apiOf(desk, access);
  const document = JSON.stringify(openApi());
  app.onError(answerTo);
  app.use(headers(access.isSecure));
  app.use("/v1/*", limited(options.rate, access.addressOf));
  app.use("/v1/*", bodyLimit({ maxSize: MOST_BYTES, onError: (c) => problem(c, TOO_LONG, 413) }));
  app.use("/v1/*", inTime);
  app.get("/v1/openapi.json", (c) => c.body(document, 200, { "content-type": "application/json" }));
  if (options.standby) app.use("/v1/*", inTurn(options.standby));
  const open = jsonOnly(newApp());
  access.addOpen(open);
  app.use("/v1/*", methodNotAllowed({ app: open, onMethodNotAllowed: notThus }));
  app.route("/", open);
  app.use("/v1/*", access.guard);
  app.use("/v1/*", methodNotAllowed({ app: api, onMethodNotAllowed: notThus }));
  app.route("/", api);
  if (options.browser) app.get("*", (c, next) => (c.req.path.startsWith("/v1") ? next() : pages(c, next)));
  const pages = dashboard(options.pages);
  app.notFound((c) => {
    const what = `there is no ${c.req.method} ${c.req.path}`;
    return problem(c, { code: "SERIN_NO_SUCH_CALL", what, next: "see GET /v1/openapi.json" }, 404);
  });
  return app;
}

function notThus(c: Context, methods: readonly string[]): Response {
  const what = `there is no ${c.req.method} ${c.req.path}`;
  const allow = methods.join(", ");
  c.header("allow", allow);
  return problem(c, { code: "SERIN_NO_SUCH_CALL", what, next: `use ${allow}` }, 405);
}

/** A form of another site can send anything but this. */
const isJson: MiddlewareHandler = async (c, next) => {
  if (c.req.method !== "POST") return next();
  const type = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  return type === "application/json" ? next() : problem(c, NO_JSON, 415);
};

/** Before anybody logs in: whoever is let in here is nobody to the one that leads. */
const inTurn =
  (standby: () => Trouble | undefined): MiddlewareHandler =>
  async (c, next) => {
    const trouble = standby();
    return trouble ? problem(c, trouble, 503) : next();
  };

const [quickly, patiently] = [timeout(LOOK_MS), timeout(COMMAND_MS)];

const inTime: MiddlewareHandler = (c, next) => {
  if (c.req.path === "/v1/events") return next();
  return c.req.method === "GET" ? quickly(c, next) : patiently(c, next);
};

const TOO_LONG: Trouble = {
  code: "SERIN_TOO_LONG",
  what: "the call is too long",
  found: `more than ${MOST_BYTES} bytes`,
  exitCode: 2,
};
const NO_JSON: Trouble = {
  code: "SERIN_BAD_CALL",
  what: "the call is no JSON",
  next: "send content-type: application/json",
  exitCode: 2,
};
