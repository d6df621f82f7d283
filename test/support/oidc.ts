// Where do people of a test log in? At a certified provider that runs here.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider, type Configuration } from "oidc-provider";

export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  close(): Promise<void>;
}

/** People by name, each with groups. Whoever is not named is nobody. */
export async function openProvider(
  people: Readonly<Record<string, readonly string[]>>,
  redirect: string,
): Promise<TestProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [clientId, clientSecret] = ["serin", "a secret of the client: %&+"];
  const configuration: Configuration = {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirect],
        grant_types: ["authorization_code", "refresh_token"],
        post_logout_redirect_uris: [`${new URL(redirect).origin}/`],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["groups"] },
    cookies: { keys: ["of this test"] },
    jwks: undefined,
    // With each login, as providers that renew logins of web applications do.
    issueRefreshToken: async () => true,
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: people[id] !== undefined,
        groups: [...(people[id] ?? [])],
      }),
    }),
  };
  const provider = new Provider(issuer, configuration);
  server.on("request", provider.callback());
  return {
    issuer,
    clientId,
    clientSecret,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
