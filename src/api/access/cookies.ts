// What does the browser keep for us?
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";

/** The session's cookie. Under TLS its name begins with `__Host-`: no other host and no plain connection can set it. */
export const COOKIE = "serin";
/** That of a login under way. */
export const LOGIN_COOKIE = "serin-login";

/** `Lax`: the provider sends people back from another site. What changes anything needs more than the cookie. */
function optionsOf(isSecure: boolean): CookieOptions {
  return { httpOnly: true, secure: isSecure, sameSite: "Lax", path: "/", ...(isSecure && { prefix: "host" }) };
}

export function putCookie(
  c: Context,
  cookie: { name: string; value: string; isSecure: boolean; maxAgeS: number },
): void {
  const { name, value, isSecure, maxAgeS } = cookie;
  setCookie(c, name, value, { ...optionsOf(isSecure), maxAge: maxAgeS });
}

export function dropCookie(c: Context, name: string, isSecure: boolean): void {
  deleteCookie(c, name, optionsOf(isSecure));
}
