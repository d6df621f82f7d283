// Who may call, and how often?
import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Trouble } from "../../core/issues.ts";
import type { Caller, Env } from "./call.ts";
import { problem } from "./problem.ts";

/** So many calls in so many seconds are one caller's. */
export interface Rate {
  readonly calls: number;
  readonly seconds: number;
}

/** A dashboard that opens a page makes some ten calls; a script that looks at a thousand services once is let through. */
const RATE: Rate = { calls: 3_000, seconds: 10 };

export interface GuardOptions {
  readonly token: string;
  /** Whether a browser on this machine is let in without the token. */
  readonly browser: boolean;
  readonly rate?: Rate | undefined;
  /** Who asks, where the call does not say it. */
  readonly actor: string;
}

/** Whoever is let in on this machine may do everything, and says who they are. */
const here = (actor: string, login: "none" | "token"): Caller => ({
  actor,
  isKnown: false,
  may: () => true,
  whoami: { actor, roles: [{ role: "administer", services: "*", environments: "*" }], login },
});

/** Names and addresses of this machine alone, without brackets. */
export const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/u;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Lets in whoever shows the token, and, where that is wanted, a browser on this machine that was not sent by another site: the
 * page's name must be this machine's, which a name of somebody else's that points here is not (DNS rebinding), and what
 * changes anything must come from the page itself (CSRF).
 */
export function guard({ token, browser, actor }: GuardOptions): MiddlewareHandler<Env> {
  const [byToken, byBrowser] = [here(actor, "token"), here(actor, "none")];
  return async (c, next) => {
    if (!isOurName(c)) return problem(c, FOREIGN_HOST, 421);
    const header = c.req.header("authorization");
    const isToken = header !== undefined || !browser;
    if (isToken && !allowed(header, token)) return problem(c, NOT_ALLOWED, 401);
    if (!isToken && !isOurPage(c)) return problem(c, FOREIGN_PAGE, 403);
    c.set("caller", isToken ? byToken : byBrowser);
    return next();
  };
}

/** Refuses a caller who calls too often. */
export function limited({ calls, seconds }: Rate = RATE): MiddlewareHandler<Env> {
  const limiter = new RateLimiterMemory({ points: calls, duration: seconds });
  return async (c, next) => {
    const caller = c.req.header("authorization") ?? c.env.incoming.socket.remoteAddress ?? "";
    try {
      await limiter.consume(caller);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      c.header("retry-after", String(Math.max(1, Math.ceil(refused.msBeforeNext / 1_000))));
      return problem(c, TOO_OFTEN, 429);
    }
    return next();
  };
}

function isOurName(c: Context): boolean {
  const name = (c.req.header("host") ?? "").replace(/:\d+$/u, "").replaceAll(/^\[|\]$/gu, "");
  return LOOPBACK.test(name.toLowerCase());
}

function isOurPage(c: Context): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const origin = c.req.header("origin");
  if (origin === undefined) return SAFE.has(c.req.method);
  return origin === `http://${c.req.header("host") ?? ""}`;
}

/** Whether the header carries the token. */
export function allowed(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? "");
  const right = Buffer.from(`Bearer ${token}`);
  return given.length === right.length && timingSafeEqual(given, right);
}

const NOT_ALLOWED: Trouble = { code: "SERIN_NOT_ALLOWED", what: "the call does not carry this controller's token" };
const FOREIGN_HOST: Trouble = {
  code: "SERIN_FOREIGN_HOST",
  what: "the call names another machine than this one",
  next: "use http://127.0.0.1 and the port that serin serve prints",
  exitCode: 2,
};
const FOREIGN_PAGE: Trouble = {
  code: "SERIN_FOREIGN_PAGE",
  what: "the call comes from another site than this one, or from a program without the token",
  next: "open the dashboard's own address; programs send the token",
  exitCode: 2,
};
const TOO_OFTEN: Trouble = {
  code: "SERIN_TOO_OFTEN",
  what: "too many calls in a short time",
  next: "wait for as long as Retry-After says; follow changes by /v1/events",
};
