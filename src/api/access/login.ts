// How do people come in and leave?
import { getCookie } from "hono/cookie";
import { SerinError, type Trouble } from "../../core/issues.ts";
import type { Ms } from "../../core/units.ts";
import { answered, on, type App, type Asked } from "../http/call.ts";
import { problem, Refused } from "../http/problem.ts";
import * as routes from "../http/routes.ts";
import * as calls from "../schemas/calls.ts";
import { COOKIE, dropCookie, LOGIN_COOKIE, putCookie } from "./cookies.ts";
import type { OidcSettings } from "./file.ts";
import { addressOf, FOREIGN_PAGE, isOurPage, originOf, wrongToken } from "./guard.ts";
import type { House } from "./house.ts";
import { beginLogin, endLogin, logoutUrl, type LoginUnderWay } from "./oidc.ts";
import { LOGIN_MS, type Sessions } from "./sessions.ts";
import { tokenOwner } from "./tokens.ts";

/** Login, and its way back from the provider: for whoever is not let in yet. */
export function addLogin(app: App, house: House): void {
  on(app, routes.login, async (c) => {
    const { oidc, origin } = settingsOf(house);
    const to = ownPath(c.req.valid("query").to, origin);
    const { url, login } = await beginLogin(oidc, { callback: origin + routes.loginCallback.path, to });
    const value = await house.sessions.begin(login);
    putCookie(c, { name: LOGIN_COOKIE, value, isSecure: house.isSecure(), maxAgeS: LOGIN_MS / 1_000 });
    return c.redirect(url.href);
  });
  on(app, routes.loginCallback, async (c) => {
    const { oidc, origin } = settingsOf(house);
    const sealed = getCookie(c, LOGIN_COOKIE, house.isSecure() ? "host" : undefined);
    const login = sealed === undefined ? undefined : await house.sessions.begun<LoginUnderWay>(sealed);
    dropCookie(c, LOGIN_COOKIE, house.isSecure());
    if (!login) return problem(c, NOT_BEGUN, 403);
    const url = new URL(routes.loginCallback.path, origin);
    // The address that the browser was sent to: a proxy in front may have changed what we see of it.
    url.search = new URL(c.req.url).search;
    return finish(c, house, { oidc, login, url });
  });
}

/** With a token of the access file, typed into our own page; and which ways there are. */
export function addTokenLogin(app: App, house: House): void {
  on(app, routes.logins, (c) => {
    const { oidc, tokens } = house.file() ?? { tokens: [] };
    return answered(c, calls.logins, { oidc: oidc !== undefined, token: tokens.length > 0 });
  });
  on(app, routes.tokenLogin, async (c) => {
    const origin = originOf(c, house);
    if (!house.file() || origin === undefined) return problem(c, NO_LOGIN, 404);
    // Nobody is made somebody else by a page of another site.
    if (c.req.header("origin") === undefined || !isOurPage(c, origin)) return problem(c, FOREIGN_PAGE, 403);
    const owner = tokenOwner(c.req.valid("json").token, house.file()?.tokens ?? [], house.clock.now());
    if (!owner) return wrongToken(c, house);
    const { actor, groups, sha256, expiresMs } = owner;
    await letIn(c, house, { who: { actor, groups, login: { sha256 } }, by: expiresMs });
    return answered(c, calls.loggedIn, { actor });
  });
}

/** Makes a session, and gives the browser what it shows from now on. */
async function letIn(
  c: Asked,
  { sessions, clock, audit, ...house }: House,
  { who, by }: { readonly who: Parameters<Sessions["open"]>[0]; readonly by?: Ms | undefined },
): Promise<void> {
  const { session, shown } = await sessions.open(who, by);
  const login = who.login === "oidc" ? "oidc" : "token";
  audit.note({ kind: "login", actor: who.actor, login, from: addressOf(c, house), answer: "let in" });
  const maxAgeS = Math.floor((session.endsMs - clock.now()) / 1_000);
  putCookie(c, { name: COOKIE, value: shown, isSecure: house.isSecure(), maxAgeS });
}

export function addLogout(app: App, house: House): void {
  on(app, routes.logout, async (c) => {
    const session = c.get("session");
    if (!session) return problem(c, NO_SESSION, 409);
    house.sessions.end(session);
    dropCookie(c, COOKIE, house.isSecure());
    const login = session.login === "oidc" ? "oidc" : "token";
    house.audit.note({ kind: "logout", actor: session.actor, login, from: addressOf(c, house) });
    if (login === "token") return answered(c, calls.loggedOut, { to: "/" });
    const { oidc, origin } = settingsOf(house);
    // Whether the provider answers or not, the session is over here.
    const at = await logoutUrl(oidc, { idToken: session.idToken, origin }).catch(() => undefined);
    return answered(c, calls.loggedOut, { to: at?.href ?? `${origin}/` });
  });
}

function settingsOf(house: House): { readonly oidc: OidcSettings; readonly origin: string } {
  const { oidc, origin } = house.file() ?? {};
  if (!oidc || origin === undefined) throw new Refused(NO_LOGIN, 404);
  return { oidc, origin };
}

async function finish(
  c: Asked,
  house: House,
  { oidc, login, url }: { readonly oidc: OidcSettings; readonly login: LoginUnderWay; readonly url: URL },
): Promise<Response> {
  const from = addressOf(c, house);
  try {
    const who = await endLogin(oidc, { url, login });
    const { issuer, clientId } = oidc;
    await letIn(c, house, { who: { ...who, login: "oidc", provider: { issuer, clientId } } });
    return c.redirect(login.to);
  } catch (error) {
    if (!(error instanceof SerinError)) throw error;
    house.audit.note({ kind: "denied", login: "oidc", from, what: "log in", answer: error.trouble.code });
    return problem(c, error.trouble, 403);
  }
}

/** A path on our own pages; nobody is sent to another site by a link to ours. */
export function ownPath(to: string | undefined, origin: string): string {
  if (to === undefined || !URL.canParse(to, origin)) return "/";
  const url = new URL(to, origin);
  // `/.//elsewhere` is a path of ours until it is put in order: a browser takes what is left for another host.
  const isOurs = url.origin === origin && to.startsWith("/") && !url.pathname.startsWith("//");
  return isOurs ? `${url.pathname}${url.search}${url.hash}` : "/";
}

const NO_LOGIN: Trouble = {
  code: "SERIN_NO_LOGIN",
  what: "there is no provider to log in at",
  next: "name one in the access file: oidc",
  exitCode: 2,
};
const NOT_BEGUN: Trouble = {
  code: "SERIN_LOGIN",
  what: "this browser has begun no login, or too long ago",
  next: "log in again",
  exitCode: 2,
};
const NO_SESSION: Trouble = {
  code: "SERIN_NO_SESSION",
  what: "whoever comes with a token is not logged in",
  next: "leave the token out of the call, or out of the access file for good",
  exitCode: 2,
};
