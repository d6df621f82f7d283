// Is an access file read as it is meant, and each mistake named at its place?
import { describe, expect, test } from "vitest";
import { parseAccess } from "./file.ts";

const HASH = "a".repeat(64);

const issues = (text: string): string[] => {
  const read = parseAccess(text);
  return read.ok ? [] : read.issues.map(({ line, column, path, message }) => `${line}:${column} ${path}  ${message}`);
};

describe("an access file", () => {
  test("has defaults that let nobody do anything", () => {
    const read = parseAccess(`tokens: [{ actor: ci, sha256: ${HASH} }]`);
    expect(read.ok && read.value).toEqual({
      tokens: [{ actor: "ci", sha256: HASH, groups: [], expiresMs: undefined }],
      sessions: { lifetimeMs: 28_800_000, atMostMs: 86_400_000 },
      grants: [],
      fourEyes: [],
    });
  });

  test("says everything that there is", () => {
    const read = parseAccess(`
origin: https://serin.example.com
tokens:
  - { actor: ci, sha256: ${HASH}, groups: [robots], expires: 2027-01-31 }
oidc:
  issuer: https://login.example.com/realms/shop
  clientId: serin
  clientSecret: { file: oidc.secret }
sessions: { lifetime: 4h }
grants:
  - { who: { groups: [sre] }, role: operate, services: [shop-*, cart], environments: production }
fourEyes:
  - { environments: production, approvals: 2 }
`);
    expect(read.ok && read.value).toMatchObject({
      tokens: [{ groups: ["robots"], expiresMs: Date.UTC(2027, 0, 31) }],
      oidc: {
        scopes: ["openid", "profile", "email"],
        actor: "email",
        groups: "groups",
        clientSecret: { file: "oidc.secret" },
      },
      sessions: { lifetimeMs: 14_400_000 },
      grants: [{ who: { actors: [], groups: ["sre"] }, services: ["shop-*", "cart"], environments: ["production"] }],
      fourEyes: [{ services: ["*"], environments: ["production"], approvals: 2 }],
    });
  });

  test.each([
    ["", "1:1   the file is empty, an access file has tokens or oidc, and grants"],
    ["grants: []", "1:1   tokens or oidc must be here: else nobody can come in"],
    [
      `tokens: [{ actor: ci, sha256: serin_secret }]`,
      "1:31 tokens[0].sha256  the hash of a token has 64 letters from 0-9 and a-f: serin token prints a token and its hash",
    ],
    [
      `tokens: [{ actor: ci, sha256: ${HASH} }]\ngrant: []`,
      "2:1 grant  found grant, no such field: did you mean grants?",
    ],
    [
      `tokens: [{ actor: ci, sha256: ${HASH} }]\ngrants:\n  - { who: {}, role: operate }`,
      "3:12 grants[0].who  actors or groups must name somebody",
    ],
    [
      `tokens: [{ actor: a, sha256: ${HASH} }, { actor: b, sha256: ${HASH} }]`,
      "1:118 tokens[1].sha256  found this token before: each actor has one of its own",
    ],
    [
      "origin: https://s.example\noidc: { issuer: 'http://login.example', clientId: serin }",
      "2:17 oidc.issuer  found http://login.example, what is said in the clear can be forged: use https://",
    ],
    [
      "oidc: { issuer: 'https://login.example', clientId: serin }",
      "1:1 origin  origin is missing, the provider sends people back to it",
    ],
    [
      "origin: http://s.example\noidc: { issuer: 'https://login.example', clientId: serin }",
      "1:9 origin  found http://s.example, an origin is https://, a host and a port if it is not the usual one: https://serin.example.com",
    ],
    [
      "origin: https://s.example\noidc: { issuer: 'https://login.example', clientId: serin, clientSecret: hunter2 }",
      "2:73 oidc.clientSecret  found a text, a secret does not stand in a file: { env: … } or { file: … } must be here",
    ],
  ])("%j is refused at its place", (text, expected) => {
    expect(issues(text)).toContain(expected);
  });

  test("never shows what may be a secret", () => {
    const text =
      "origin: https://s.example\noidc: { issuer: 'https://login.example', clientId: serin, clientSecret: hunter2 }\ntokens: [{ actor: ci, sha256: serin_hunter2 }]";
    expect(issues(text).join("\n")).not.toContain("hunter2");
  });
});
