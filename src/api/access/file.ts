// Who may come in, and who may do what? The access file.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import type { Issue } from "../../core/issues.ts";
import { messageOf, SerinError } from "../../core/issues.ts";
import { Address, SecretField, type SecretText } from "../../core/spec/connection.ts";
import { durationFormat } from "../../core/spec/durations.ts";
import { parseFile, type FileResult } from "../../core/spec/parse.ts";
import { shown, written } from "../../core/spec/reading.ts";
import { rule } from "../../core/spec/rule.ts";
import { MOST_APPROVERS } from "../../core/spec/steps.ts";
import { ms, type Ms } from "../../core/units.ts";
import { isLoopback } from "./hosts.ts";

export const ROLES = ["view", "operate", "approve", "administer"] as const;
export type AccessRole = (typeof ROLES)[number];

/** A name with `*` for any letters, or several of them; any of them may fit. */
const Patterns = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
    error: ({ input }) =>
      input === undefined ? undefined : `found ${shown(input)}, a name or a list of names must be here`,
  })
  .prefault("*")
  .transform((given): readonly string[] => (typeof given === "string" ? [given] : given));

const Names = z.array(z.string().min(1)).default([]);

const where = {
  services: Patterns.describe("Services, by name: a name or a list, with * for any letters. Default: all."),
  environments: Patterns.describe(
    "Environments: the label environment of a service, else its namespace. Default: all.",
  ),
};

const Token = z
  .strictObject({
    actor: z.string().min(1).max(200).describe("Who asks with it."),
    // Not shown when it is wrong: it may be the token itself.
    sha256: z
      .string({ error: () => HASH })
      .regex(/^[0-9a-f]{64}$/u, { error: () => HASH })
      .describe("The hash of the token, as serin token prints it."),
    groups: Names.describe("Groups that it belongs to."),
    expires: z
      .string()
      .refine((text) => !Number.isNaN(Date.parse(text)), {
        error: ({ input }) => `found ${shown(input)}, a day such as 2027-01-31 must be here`,
      })
      .transform((text) => ms(Date.parse(text)))
      .optional()
      .describe("From this day on (UTC), or this moment, it is not taken any more."),
  })
  .transform(({ expires, ...rest }) => ({ ...rest, expiresMs: expires }));

const HASH = "the hash of a token has 64 letters from 0-9 and a-f: serin token prints a token and its hash";

const Oidc = rule(
  z.strictObject({
    issuer: Address.describe("The provider's issuer, as it names itself: https://login.example.com/realms/shop."),
    clientId: z.string().min(1).describe("The client that Serin is to the provider."),
    clientSecret: SecretField.optional().describe(
      "Where its secret is read: { env } or { file }. Without it the client is public.",
    ),
    scopes: z
      .array(z.string().min(1))
      .default(["openid", "profile", "email"])
      .describe("What is asked for. Default: openid, profile, email."),
    actor: z
      .string()
      .min(1)
      .default("email")
      .describe("The claim that names the person. Default: email, which must be verified."),
    groups: z.string().min(1).default("groups").describe("The claim with the person's groups. Default: groups."),
  }),
  ({ issuer, scopes }, report) => {
    const { protocol, hostname } = new URL(issuer);
    if (protocol === "http:" && !isLoopback(hostname))
      report(["issuer"], "wrong-value", `found ${issuer}, what is said in the clear can be forged: use https://`);
    if (!scopes.includes("openid"))
      report(["scopes"], "missing-field", "openid is missing: without it nobody says who somebody is");
  },
);

const Who = rule(
  z.strictObject({
    actors: Names.describe("People and programs, by name; * for any letters."),
    groups: Names.describe("Members of these groups; * for any letters."),
  }),
  ({ actors, groups }, report) => {
    if (actors.length + groups.length === 0) report([], "missing-field", "actors or groups must name somebody");
  },
);

const Grant = z.strictObject({
  who: Who.describe("Who gets it: actors, groups or both."),
  role: z.enum(ROLES).describe("view; operate and approve, which may view too; administer, which may everything."),
  ...where,
});

const FourEyes = z.strictObject({
  ...where,
  approvals: z
    .int()
    .min(1)
    .max(MOST_APPROVERS)
    .default(1)
    .describe("So many people other than who has started a rollout. Default: 1."),
});

const Sessions = z
  .strictObject({
    lifetime: written(durationFormat({ atLeast: ms(60_000), atMost: ms(30 * 86_400_000) }))
      .prefault("8h")
      .describe("How long a login lasts, unless the provider renews it. Default: 8h."),
    atMost: written(durationFormat({ atLeast: ms(60_000), atMost: ms(30 * 86_400_000) }))
      .prefault("24h")
      .describe("How long one lasts that the provider renews; never less than lifetime. Default: 24h."),
  })
  .transform(({ lifetime, atMost }) => ({ lifetimeMs: lifetime, atMostMs: atMost }));

/** Cookies in the clear would be anybody's; on this machine alone nobody listens. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  return origin === text && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)));
}

const AccessSchema = rule(
  z.strictObject({
    origin: z
      .string()
      .refine(isOrigin, {
        error: ({ input }) =>
          `found ${shown(input)}, an origin is https://, a host and a port if it is not the usual one: https://serin.example.com`,
      })
      .optional()
      .describe("The address that browsers use: https://serin.example.com. Needed for logins."),
    tokens: z.array(Token).default([]).describe("Programs, and people at terminals, that come with a token."),
    oidc: Oidc.optional().describe("A provider of OpenID Connect, where people log in."),
    sessions: Sessions.prefault({}).describe("Logins of people."),
    grants: z.array(Grant).default([]).describe("Who may do what. What nobody grants is refused."),
    fourEyes: z
      .array(FourEyes)
      .default([])
      .describe("Which services' rollouts must be approved, whatever their files say."),
  }),
  ({ origin, tokens, oidc }, report) => {
    if (tokens.length === 0 && !oidc)
      report([], "missing-field", "tokens or oidc must be here: else nobody can come in");
    if (oidc && origin === undefined)
      report(["origin"], "missing-field", "origin is missing, the provider sends people back to it");
    tokens.forEach(({ sha256 }, index) => {
      if (tokens.findIndex((other) => other.sha256 === sha256) < index)
        report(["tokens", index, "sha256"], "duplicate", "found this token before: each actor has one of its own");
    });
  },
);

export interface Grant {
  readonly who: { readonly actors: readonly string[]; readonly groups: readonly string[] };
  readonly role: AccessRole;
  readonly services: readonly string[];
  readonly environments: readonly string[];
}

export interface TokenEntry {
  readonly actor: string;
  readonly sha256: string;
  readonly groups: readonly string[];
  readonly expiresMs?: Ms | undefined;
}

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: SecretText | undefined;
  readonly scopes: readonly string[];
  readonly actor: string;
  readonly groups: string;
}

/** The access file, read. */
export interface AccessFile {
  readonly origin?: string | undefined;
  readonly tokens: readonly TokenEntry[];
  readonly oidc?: OidcSettings | undefined;
  readonly sessions: { readonly lifetimeMs: Ms; readonly atMostMs: Ms };
  readonly grants: readonly Grant[];
  readonly fourEyes: readonly (Pick<Grant, "services" | "environments"> & { readonly approvals: number })[];
}

/** Reads the text of an access file: what it says, or every mistake with its place. */
export function parseAccess(text: string): FileResult<AccessFile> {
  return parseFile<AccessFile>(text, {
    schema: AccessSchema,
    called: "an access file",
    example: "has tokens or oidc, and grants",
  });
}

/** Reads the file. Secrets' files are relative to it. Throws a SerinError that names every mistake. */
export async function readAccessFile(path: string): Promise<AccessFile> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw badFile(path, messageOf(error));
  });
  const read = parseAccess(text);
  if (!read.ok) throw badFile(path, read.issues.map((issue) => issueText(issue)).join("\n         "));
  const { oidc } = read.value;
  if (!oidc?.clientSecret || !("file" in oidc.clientSecret)) return read.value;
  const file = resolve(dirname(path), oidc.clientSecret.file);
  return { ...read.value, oidc: { ...oidc, clientSecret: { file } } };
}

const issueText = ({ line, column, path, message }: Issue): string => `${line}:${column} ${path}  ${message}`;

function badFile(path: string, found: string): SerinError {
  return new SerinError({
    code: "SERIN_BAD_ACCESS",
    what: `the access file ${path} cannot be used`,
    found,
    now: "nothing was changed by it",
    next: "put it right; docs/access.md has an example",
    exitCode: 2,
  });
}
