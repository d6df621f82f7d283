// How do people come in and leave?
import { getCookie } from "hono/cookie";
import { SerinError, type Trouble } from "../../core/issues.ts";
import { answered, on, type App, type Asked } from "../http/call.ts";
import { problem, Refused } from "../http/problem.ts";
import * as routes from "../http/routes.ts";
import * as calls from "../schemas/calls.ts";
import { COOKIE, dropCookie, LOGIN_COOKIE, putCookie } from "./cookies.ts";
import type { OidcSettings } from "./file.ts";
import { addressOf } from "./guard.ts";
import type { House } from "./house.ts";
import { beginLogin, endLogin, logoutUrl, type LoginUnderWay } from "./oidc.ts";
import { LOGIN_MS } from "./sessions.ts";

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

export function addLogout(app: App, house: House): void {
  on(app, routes.logout, async (c) => {
    const session = c.get("session");
    if (!session) return problem(c, NO_SESSION, 409);
    const { oidc, origin } = settingsOf(house);
    house.sessions.end(session);
    dropCookie(c, COOKIE, house.isSecure());
    house.audit.note({ kind: "logout", actor: session.actor, login: "oidc", from: addressOf(c, house) });
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
    const { session, sealed } = await house.sessions.open(who);
    const maxAgeS = Math.floor((session.expiresMs - house.clock.now()) / 1_000);
    house.audit.note({ kind: "login", actor: who.actor, login: "oidc", from, answer: "let in" });
    putCookie(c, { name: COOKIE, value: sealed, isSecure: house.isSecure(), maxAgeS });
    return c.redirect(login.to);
  } catch (error) {
    if (!(error instanceof SerinError)) throw error;
    house.audit.note({ kind: "denied", login: "oidc", from, what: "log in", answer: error.trouble.code });
    return problem(c, error.trouble, 403);
  }
}

/** A path on our own pages; nobody is sent to another site by a link to ours. */
function ownPath(to: string | undefined, origin: string): string {
  if (to === undefined || !URL.canParse(to, origin)) return "/";
  const url = new URL(to, origin);
  return url.origin === origin && to.startsWith("/") ? `${url.pathname}${url.search}${url.hash}` : "/";
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
