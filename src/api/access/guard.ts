// Who is let in, and how is that shown?
import type { HttpBindings } from "@hono/node-server";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Trouble } from "../../core/issues.ts";
import { problem } from "../http/problem.ts";
import { Caller, type CallerOptions } from "./caller.ts";
import { COOKIE } from "./cookies.ts";
import type { TokenEntry } from "./file.ts";
import { isLoopback } from "./hosts.ts";
import type { House } from "./house.ts";
import { EVERYTHING, principalOf, type Identity, type Principal } from "./may.ts";
import { holdersOf } from "./rights.ts";
import { isSame } from "./same.ts";
import { isOf, type Session } from "./sessions.ts";
import { ownerOfHash, tokenOwner } from "./tokens.ts";

/** What is known of a call once it was let in. */
export interface AccessEnv {
  readonly Bindings: HttpBindings;
  readonly Variables: { caller: Caller; session?: Session | undefined };
}

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** The header that a page sends with whatever changes something. */
const CSRF_HEADER = "x-serin-csrf";

/** So many wrong tokens of one address in a minute are written down; whoever has a right one is let in all the same. */
const WRONG_TOKENS = 30;

/** Somebody, or why nobody. */
type Found =
  | { readonly principal: () => Principal; readonly session?: Session | undefined }
  | { readonly trouble: Trouble; readonly status: 401 | 403 | 421 };

/**
 * Lets in who shows a token or has logged in, or, where nobody has to, the browser of this machine; and puts the Caller on
 * the context. Whatever changes something must come from our own page where the browser says by itself who one is (CSRF).
 */
export function guard(house: House): MiddlewareHandler<AccessEnv> {
  return async (c, next) => {
    const from = addressOf(c, house);
    const found = await identify(c, house);
    if ("trouble" in found) {
      const { trouble, status } = found;
      if (trouble === WRONG_TOKEN) return wrongToken(c, house);
      if (status === 401) c.header("www-authenticate", "Bearer");
      return problem(c, trouble, status);
    }
    const { principal, session } = found;
    const { audit, refusals, places, actor } = house;
    const holders: CallerOptions["holders"] = (roles, at) => {
      const file = house.file();
      return file ? holdersOf(file, roles, at) : [];
    };
    c.set("caller", new Caller({ principal, audit, refusals, places, actor, from, csrf: session?.csrf, holders }));
    c.set("session", session);
    return next();
  };
}

export const wrongTokens = (): RateLimiterMemory => new RateLimiterMemory({ points: WRONG_TOKENS, duration: 60 });

/** Refuses a token that nobody has, and writes that down. */
export async function wrongToken(c: Context<AccessEnv>, house: House): Promise<Response> {
  const from = addressOf(c, house);
  const past = await house.wrongTokens.penalty(from);
  if (past.consumedPoints > WRONG_TOKENS) return tooOften(c, past.msBeforeNext);
  house.audit.note({ kind: "denied", from, what: `${c.req.method} ${c.req.path}`, answer: WRONG_TOKEN.code });
  c.header("www-authenticate", "Bearer");
  return problem(c, WRONG_TOKEN, 401);
}

async function identify(c: Context<AccessEnv>, house: House): Promise<Found> {
  const file = house.file();
  const header = c.req.header("authorization");
  // Without a file it is open on this machine alone, under its own name, which a name that points here is not (DNS rebinding).
  const host = c.req.header("host") ?? "";
  if (!file && !isLoopback(host.replace(/:\d+$/u, ""))) return { trouble: FOREIGN_HOST, status: 421 };
  if (header !== undefined) return byToken(header, house);
  if (!file) return byMachine(c, house);
  const session = await sessionOf(c, house);
  if (!session) return { trouble: NOBODY, status: 401 };
  if (!isOurPage(c, originOf(c, house)) || !(SAFE.has(c.req.method) || isSame(c.req.header(CSRF_HEADER), session.csrf)))
    return { trouble: FOREIGN_PAGE, status: 403 };
  return { principal: () => principalIn(session, house), session };
}

/** The origin that our own pages are of, as browsers say it. */
export function originOf(c: Context, { file, isSecure, behindProxy }: House): string | undefined {
  // What stands behind a proxy does not see what browsers call it.
  return file()?.origin ?? (behindProxy ? undefined : `${isSecure() ? "https" : "http"}://${c.req.header("host")}`);
}

/** Whoever has a session, as the access file has that one now. */
function principalIn(session: Session, house: House): Principal {
  // A stream goes on for long: the provider may have named other groups meanwhile.
  const now = house.sessions.now(session);
  const isLive = now !== undefined;
  const { login, actor, groups } = now ?? session;
  if (login === "oidc") return granted(house, { actor, groups, login }, isLive && isOf(session, house.file()?.oidc));
  const owner = ownerOf(login.sha256, house);
  return granted(house, { actor, groups: owner?.groups ?? [], login: "token" }, isLive && owner?.actor === actor);
}

const ownerOf = (sha256: string, { file, clock }: House): TokenEntry | undefined =>
  ownerOfHash(sha256, file()?.tokens ?? [], clock.now());

/** The session of the browser that calls, if it has one. */
async function sessionOf(c: Context, house: House): Promise<Session | undefined> {
  const shown = getCookie(c, COOKIE, house.isSecure() ? "host" : undefined);
  const session = shown === undefined ? undefined : await house.sessions.read(shown);
  if (shown === undefined || !session) return undefined;
  const { login } = session;
  // A provider or a token that was taken out of the file, or replaced there, takes its sessions along.
  if (login === "oidc" ? !isOf(session, house.file()?.oidc) : !ownerOf(login.sha256, house)) return undefined;
  house.renew(shown, session);
  return session;
}

function byToken(header: string, house: House): Found {
  const token = /^Bearer +(\S+)$/iu.exec(header)?.[1];
  if (token === undefined) return { trouble: WRONG_TOKEN, status: 401 };
  // Whoever can read the token of the state's folder can read and change all that is in it.
  if (isSame(token, house.token)) return { principal: () => ({ groups: [], login: "token", grants: EVERYTHING }) };
  const ownerNow = () => tokenOwner(token, house.file()?.tokens ?? [], house.clock.now());
  const owner = ownerNow();
  if (!owner) return { trouble: WRONG_TOKEN, status: 401 };
  const identity = { actor: owner.actor, groups: owner.groups, login: "token" } as const;
  return { principal: () => granted(house, identity, ownerNow() !== undefined) };
}

/** Where nobody has to log in. */
function byMachine(c: Context, house: House): Found {
  if (!house.isAmbient) return { trouble: NOBODY, status: 401 };
  // A program sends the token; a browser says where its page is from.
  const isKnown = SAFE.has(c.req.method) || c.req.header("origin") !== undefined;
  if (!isKnown || !isOurPage(c, originOf(c, house))) return { trouble: FOREIGN_PAGE, status: 403 };
  return { principal: () => ({ groups: [], login: "none", grants: EVERYTHING }) };
}

/** Somebody with what the file grants now; nothing is left of whose token or session is over. */
function granted(house: House, identity: Identity, isLive: boolean): Principal {
  const file = house.file();
  return file && isLive ? principalOf(identity, file) : { ...identity, grants: [], isOver: true };
}

export function isOurPage(c: Context, origin: string | undefined): boolean {
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  const from = c.req.header("origin");
  return from === undefined || from === origin;
}

/** The address that a call comes from; behind a proxy the one that the proxy itself has seen. */
export function addressOf(c: Context<AccessEnv>, { behindProxy }: Pick<House, "behindProxy">): string {
  const forwarded = behindProxy ? c.req.header("x-forwarded-for")?.split(",").at(-1)?.trim() : undefined;
  return forwarded ?? c.env.incoming.socket.remoteAddress ?? "unknown";
}

function tooOften(c: Context, waitMs: number): Response {
  c.header("retry-after", String(Math.ceil(waitMs / 1_000)));
  return problem(c, TOO_OFTEN, 429);
}

const NOBODY: Trouble = {
  code: "SERIN_NOT_LOGGED_IN",
  what: "nobody is logged in",
  next: "log in at /v1/login, or send a token: Authorization: Bearer …",
  exitCode: 2,
};
const WRONG_TOKEN: Trouble = {
  code: "SERIN_NOT_ALLOWED",
  what: "the call carries a token that nobody has",
  next: "serin token makes one, for the access file",
  exitCode: 2,
};
const FOREIGN_HOST: Trouble = {
  code: "SERIN_FOREIGN_HOST",
  what: "the call names another machine than this one",
  next: "use 127.0.0.1 or localhost",
  exitCode: 2,
};
export const FOREIGN_PAGE: Trouble = {
  code: "SERIN_FOREIGN_PAGE",
  what: "the call comes from another page than Serin's own, or from a program without a token",
  next: "open the dashboard's own address; programs send a token",
  exitCode: 2,
};
const TOO_OFTEN: Trouble = {
  code: "SERIN_TOO_OFTEN",
  what: "too many wrong tokens from this address",
  next: "wait for as long as Retry-After says",
};
