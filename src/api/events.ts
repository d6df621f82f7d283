// How do services and pages tell what the users of an A/B test did?
import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { readEvent, type UserEvent } from "../core/ab/events.ts";
import { noTest, runningTest, type RunningTest } from "../core/ab/running.ts";
import type { ServiceState } from "../core/engine/state.ts";
import { messageOf, SerinError, type Trouble } from "../core/issues.ts";
import type { Listen } from "../core/spec/listen.ts";
import type { Clock } from "../ports/clock.ts";
import type { TestEvents } from "../ports/tests.ts";
import { momentOf } from "./moment.ts";
import { isLoopback } from "./access/hosts.ts";
import { isSame } from "./access/same.ts";
import { CONNECTION } from "./http/connection.ts";
import { problem } from "./http/problem.ts";

/** Where events are taken, and from whom. */
export interface EventsOptions {
  readonly listen: Listen;
  /** What a caller must show. Needed where others than this machine can call. */
  readonly token?: string | undefined;
  /** Whose pages may send events from a browser, such as `https://shop.example`. */
  readonly origins: readonly string[];
}

/** What events are about, and who keeps them. */
export interface EventsHouse {
  readonly clock: Clock;
  /** The states of all services. */
  states(): readonly ServiceState[];
  /** Throws a SerinError for a service not known. */
  state(service: string): ServiceState;
  events(): Promise<TestEvents>;
}

export interface OpenEvents {
  readonly url: string;
  close(): Promise<void>;
}

/** What became of a call's events. Lines, or places in a list, count from 1. */
interface EventsAnswer {
  readonly taken: number;
  /** Their id was there already. */
  readonly repeated: number;
  readonly refused: readonly { readonly line: number; readonly message: string }[];
}

const MOST_BYTES = 1_048_576;
const MOST_EVENTS = 1_000;
/** How often what ended long ago is looked for, and when first: the controller has taken up its services by then. */
const TIDY_MS = 3_600_000;
const FIRST_TIDY_MS = 60_000;

/** Takes events at an address of its own, and nothing else. Throws a SerinError where that would be open to anybody. */
export async function openEvents(options: EventsOptions, house: EventsHouse): Promise<OpenEvents> {
  check(options);
  const server = await listen(routes(options, house), options.listen);
  const { port } = server.address() as AddressInfo;
  const { host } = options.listen;
  const tidy = (): void => {
    const underWay = house.states().flatMap((state) => runningTest(state) ?? []);
    // What cannot be tidied now is tidied in an hour.
    void house
      .events()
      .then((events) => events.tidy(underWay, house.clock.now()))
      .catch(() => undefined);
  };
  const timers = [setTimeout(tidy, FIRST_TIDY_MS), setInterval(tidy, TIDY_MS)].map((timer) => timer.unref());
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      if ("closeAllConnections" in server) server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function check({ listen: { host, port }, token, origins }: EventsOptions): void {
  if (!isLoopback(host) && token === undefined) {
    throw new SerinError({
      code: "SERIN_EVENTS_OPEN",
      what: `events at ${host}:${port} could be sent by anybody`,
      found: "an address that other machines reach, and no token",
      now: "nothing was started",
      next: "set SERIN_EVENTS_TOKEN to a secret of 16 characters or more, or listen on 127.0.0.1",
      exitCode: 2,
    });
  }
  if (token !== undefined && token.length < 16) {
    throw new SerinError({
      code: "SERIN_EVENTS_TOKEN",
      what: "the token for events can be guessed",
      found: `${token.length} characters`,
      now: "nothing was started",
      next: "set SERIN_EVENTS_TOKEN to 16 characters or more, such as from: openssl rand -hex 16",
      exitCode: 2,
    });
  }
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong === undefined) return;
  throw new SerinError({
    code: "SERIN_EVENTS_ORIGIN",
    what: `${wrong} is not the origin of a page`,
    now: "nothing was started",
    next: "an origin is a scheme, a host and a port if it is not the usual one: https://shop.example",
    exitCode: 2,
  });
}

function listen(app: Hono, { host, port }: Listen): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const where = { fetch: app.fetch, hostname: host, port, serverOptions: CONNECTION };
    const server = serve(where, () => resolve(server));
    server.once("error", (error) => {
      reject(
        new SerinError(
          {
            code: "SERIN_EVENTS_PORT",
            what: `events cannot be taken at ${host}:${port}`,
            found: messageOf(error),
            now: "nothing was started; traffic stays at the last split",
            next: "name another address, or end the program that listens there",
            exitCode: 2,
          },
          { cause: error },
        ),
      );
    });
  });
}

function routes({ token, origins }: EventsOptions, house: EventsHouse): Hono {
  const app = new Hono();
  // A browser sends some calls without asking first, from whatever page is open.
  app.use(async (c, next) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && !origins.includes(origin)) return problem(c, foreignPage(origin), 403);
    return next();
  });
  app.use(
    cors({
      origin: [...origins],
      allowMethods: ["POST"],
      allowHeaders: ["content-type", "authorization"],
      maxAge: 600,
    }),
  );
  app.use(async (c, next) => {
    if (token === undefined || isSame(c.req.header("authorization"), `Bearer ${token}`)) return next();
    return problem(c, NOT_ALLOWED, 401);
  });
  app.use(bodyLimit({ maxSize: MOST_BYTES, onError: tooLong }));
  app.post("/v1/events/:service", async (c) => {
    const found = await inputsOf(c);
    if ("trouble" in found) return problem(c, found.trouble, found.status);
    if (found.length > MOST_EVENTS) return problem(c, tooMany(found.length), 413);
    const answer = await take(found, testOf(house.state(c.req.param("service"))), house);
    const isRefused = answer.taken + answer.repeated === 0 && answer.refused.length > 0;
    return c.json(answer, isRefused ? 422 : 200);
  });
  app.notFound((c) =>
    problem(c, { code: "SERIN_NO_SUCH_CALL", what: `there is no ${c.req.method} ${c.req.path}` }, 404),
  );
  app.onError((error, c) => {
    if (error instanceof SerinError) return problem(c, error.trouble, STATUS[error.trouble.code] ?? 503);
    return problem(c, { code: "SERIN_FAILED", what: messageOf(error) }, 500);
  });
  return app;
}

const STATUS: Readonly<Record<string, 404 | 409>> = {
  SERIN_UNKNOWN_SERVICE: 404,
  SERIN_NO_TEST: 409,
  SERIN_TEST_COUNTS: 409,
};

function testOf(state: ServiceState): RunningTest {
  const test = runningTest(state);
  if (!test) throw new SerinError(noTest(state));
  if (test.conversions.kind === "events") return test;
  throw new SerinError({
    code: "SERIN_TEST_COUNTS",
    what: `the A/B test of ${state.service} counts by the replicas' counters, not by events`,
    next: "take the events out of the service, or use conversions: { events: GOAL } in its file",
  });
}

async function take(inputs: readonly Input[], test: RunningTest, house: EventsHouse): Promise<EventsAnswer> {
  const receivedMs = house.clock.now();
  const good: UserEvent[] = [];
  const refused: { line: number; message: string }[] = [];
  for (const { line, value, wrong } of inputs) {
    const read =
      wrong === undefined ? readEvent(value, { test, receivedMs, momentOf }) : ({ ok: false, message: wrong } as const);
    if (read.ok) good.push(read.event);
    else refused.push({ line, message: read.message });
  }
  const taken = good.length > 0 ? await (await house.events()).take(test, good, receivedMs) : { taken: 0, repeated: 0 };
  return { ...taken, refused };
}

/** One event as it came, or why it is none. */
interface Input {
  readonly line: number;
  readonly value?: unknown;
  readonly wrong?: string | undefined;
}

interface Refusal {
  readonly trouble: Trouble;
  readonly status: 400 | 415;
}

const LINES = new Set(["application/x-ndjson", "application/ndjson", "application/jsonl"]);
/** `navigator.sendBeacon` says that a text is one. */
const JSONS = new Set(["application/json", "text/plain"]);

async function inputsOf(c: Context): Promise<readonly Input[] | Refusal> {
  const type = (c.req.header("content-type") ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? "";
  if (LINES.has(type)) return linesOf(await c.req.text());
  if (!JSONS.has(type)) return { trouble: { ...NOT_UNDERSTOOD, found: `content type ${type}` }, status: 415 };
  try {
    const body: unknown = JSON.parse(await c.req.text());
    return (Array.isArray(body) ? body : [body]).map((value: unknown, at) => ({ line: at + 1, value }));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { trouble: { ...NOT_UNDERSTOOD, found: error.message }, status: 400 };
  }
}

function linesOf(text: string): readonly Input[] {
  return text.split("\n").flatMap((line, at): Input[] => {
    if (line.trim() === "") return [];
    try {
      return [{ line: at + 1, value: JSON.parse(line) as unknown }];
    } catch (error) {
      return [{ line: at + 1, wrong: messageOf(error) }];
    }
  });
}

const NOT_ALLOWED: Trouble = { code: "SERIN_NOT_ALLOWED", what: "the call does not carry the token for events" };
const TOO_LONG: Trouble = {
  code: "SERIN_TOO_LONG",
  what: "the call is too long",
  found: `more than ${MOST_BYTES} bytes`,
};
const NOT_UNDERSTOOD: Trouble = {
  code: "SERIN_BAD_CALL",
  what: "the call is not understood",
  next: "send one event or a list as application/json, or one event per line as application/x-ndjson",
};

/** The rest of the body is not read, so that the connection cannot be used again. */
function tooLong(c: Context): Response {
  c.header("connection", "close");
  return problem(c, TOO_LONG, 413);
}

function tooMany(found: number): Trouble {
  return { code: "SERIN_TOO_MANY", what: "the call has too many events", found: `${found}; at most ${MOST_EVENTS}` };
}

function foreignPage(origin: string): Trouble {
  return {
    code: "SERIN_FOREIGN_PAGE",
    what: `pages of ${origin} may not send events`,
    next: `start the controller with --events-origin ${origin} if they shall`,
  };
}
