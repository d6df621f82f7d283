// How does a person log in at a provider of OpenID Connect?
import * as oidc from "openid-client";
import { Secrets } from "../../adapters/secrets.ts";
import { messageOf, SerinError } from "../../core/issues.ts";
import type { OidcSettings } from "./file.ts";

/** Longest wait for an answer of the provider, in seconds. */
const ANSWER_S = 10;

/** A login that has begun: what the browser keeps until the provider sends it back. */
export interface LoginUnderWay {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** Where the person wanted to go, on our own pages. */
  readonly to: string;
}

/** Who has logged in, by what the provider says. */
export interface LoggedIn {
  readonly actor: string;
  readonly groups: readonly string[];
  readonly idToken?: string | undefined;
  /** With which the provider can be asked again, where it gives one. */
  readonly refreshToken?: string | undefined;
}

/** Where the browser goes to log in: authorization code flow, with PKCE, state and nonce. Throws a SerinError. */
export async function beginLogin(
  settings: OidcSettings,
  at: { readonly callback: string; readonly to: string },
): Promise<{ url: URL; login: LoginUnderWay }> {
  return asking(settings, async (config) => {
    const login = {
      verifier: oidc.randomPKCECodeVerifier(),
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      to: at.to,
    };
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: at.callback,
      scope: settings.scopes.join(" "),
      code_challenge: await oidc.calculatePKCECodeChallenge(login.verifier),
      code_challenge_method: "S256",
      state: login.state,
      nonce: login.nonce,
    });
    return { url, login };
  });
}

/** What the provider says of whoever comes back at `url`. Throws a SerinError when it is not the login that began. */
export async function endLogin(
  settings: OidcSettings,
  { url, login }: { readonly url: URL; readonly login: LoginUnderWay },
): Promise<LoggedIn> {
  return asking(settings, async (config) => {
    const tokens = await oidc.authorizationCodeGrant(config, url, {
      pkceCodeVerifier: login.verifier,
      expectedState: login.state,
      expectedNonce: login.nonce,
      idTokenExpected: true,
    });
    return personIn(tokens, config, settings);
  });
}

/** What the provider says now of somebody who has logged in before. Throws a SerinError; `isRefusal` tells which. */
export async function askAgain(settings: OidcSettings, refreshToken: string): Promise<LoggedIn> {
  return asking(settings, async (config) => {
    const tokens = await oidc.refreshTokenGrant(config, refreshToken);
    const who = await personIn(tokens, config, settings);
    // Providers that give a new one with each answer take back the old one.
    return { ...who, refreshToken: who.refreshToken ?? refreshToken };
  });
}

/**
 * Whether the provider has answered that this login is over, or named nobody who may come in. Whatever else it says, such as
 * that we ask too often or with the wrong secret, is not about the person.
 */
export const isRefusal = ({ cause }: SerinError): boolean =>
  cause instanceof NobodyNamed || (cause instanceof oidc.ResponseBodyError && cause.error === "invalid_grant");

/** What the provider says names nobody. */
class NobodyNamed extends Error {
  override readonly name = "NobodyNamed";
}

type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

async function personIn(tokens: Tokens, config: oidc.Configuration, settings: OidcSettings): Promise<LoggedIn> {
  const inToken = tokens.claims();
  if (!inToken) throw new Error("the answer has no ID token");
  const isAllThere = [settings.actor, settings.groups].every((name) => name in inToken);
  // Providers keep what is said of a person out of the ID token where it can be asked for.
  const asked =
    isAllThere || config.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await oidc.fetchUserInfo(config, tokens.access_token, inToken.sub);
  const { id_token: idToken, refresh_token: refreshToken } = tokens;
  return { ...personOf({ ...asked, ...inToken }, settings), idToken, refreshToken };
}

/** Where the browser ends its session at the provider, if the provider has such a place. */
export async function logoutUrl(
  settings: OidcSettings,
  { idToken, origin }: { readonly idToken: string | undefined; readonly origin: string },
): Promise<URL | undefined> {
  return asking(settings, async (config) => {
    if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
    return oidc.buildEndSessionUrl(config, {
      post_logout_redirect_uri: `${origin}/`,
      ...(idToken === undefined ? {} : { id_token_hint: idToken }),
    });
  });
}

function personOf(
  claims: Readonly<Record<string, unknown>>,
  settings: OidcSettings,
): Pick<LoggedIn, "actor" | "groups"> {
  const actor = claims[settings.actor];
  const groups = claims[settings.groups] ?? [];
  if (typeof actor !== "string" || actor === "") throw new NobodyNamed(`the claim ${settings.actor} names nobody`);
  if (settings.actor === "email" && claims["email_verified"] === false)
    throw new NobodyNamed("the provider has not verified the email");
  return { actor, groups: [groups].flat().filter((group) => typeof group === "string") };
}

/** Asks the provider as it describes itself now: keys, places and our secret may have changed since the last login. */
async function asking<T>(settings: OidcSettings, ask: (config: oidc.Configuration) => Promise<T>): Promise<T> {
  const secrets = new Secrets();
  try {
    const secret = settings.clientSecret && (await secrets.textOf(settings.clientSecret));
    const issuer = new URL(settings.issuer);
    // The access file allows http:// on this machine only.
    const execute = issuer.protocol === "http:" ? [oidc.allowInsecureRequests] : [];
    const found = await oidc.discovery(issuer, settings.clientId, secret, undefined, { execute, timeout: ANSWER_S });
    const metadata = found.serverMetadata();
    const config = new oidc.Configuration(metadata, settings.clientId, secret, authentication(secret, metadata));
    config.timeout = ANSWER_S;
    for (const setUp of execute) setUp(config);
    return await ask(config);
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_LOGIN",
        what: `the login at ${settings.issuer} did not come to its end`,
        found: secrets.masked(causes(error)),
        next: "log in again",
      },
      { cause: error },
    );
  }
}

function authentication(
  secret: string | undefined,
  { token_endpoint_auth_methods_supported: methods }: oidc.ServerMetadata,
) {
  if (secret === undefined) return oidc.None();
  // What every provider must know that says nothing.
  const isBasic = methods === undefined || methods.includes("client_secret_basic");
  return isBasic ? oidc.ClientSecretBasic(secret) : oidc.ClientSecretPost(secret);
}

function causes(error: unknown): string {
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError)
    return `${error.error}${error.error_description ? `: ${error.error_description}` : ""}`;
  const inner = error instanceof Error && error.cause instanceof Error ? `: ${messageOf(error.cause)}` : "";
  return `${messageOf(error)}${inner}`;
}
