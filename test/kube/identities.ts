// Who may ask the API server of the tests, and what proves it?
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { makeCertificate, makeClientCertificate } from "../support/certificates.ts";
import type { Access } from "./api.ts";

/** They may do everything. Only `admin` and `token-admin` are for what is under test. */
const USERS = ["fixture", "controllers", "token-admin"] as const;

type User = (typeof USERS)[number];

/** The files with what proves who asks, in the folder of a control plane. */
export interface Identities {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  /** With the tokens of `USERS`. */
  readonly tokens: string;
  /** Signs the tokens of ServiceAccounts. */
  readonly accountKey: string;
  readonly token: Readonly<Record<User, string>>;
}

export function makeIdentities(dir: string): Identities {
  makeCertificate(dir, "ca", "ca");
  makeCertificate(dir, "apiserver", "ca");
  makeClientCertificate(dir, { name: "admin", group: "system:masters" }, "ca");
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "prime256v1",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  writeFileSync(join(dir, "accounts.key"), privateKey, { mode: 0o600 });
  const token = Object.fromEntries(USERS.map((user) => [user, randomBytes(16).toString("hex")]));
  const lines = USERS.map((user) => `${token[user]},${user},${user},system:masters\n`);
  writeFileSync(join(dir, "tokens.csv"), lines.join(""), { mode: 0o600 });
  return {
    ca: join(dir, "ca.pem"),
    serverCert: join(dir, "apiserver.pem"),
    serverKey: join(dir, "apiserver.key"),
    tokens: join(dir, "tokens.csv"),
    accountKey: join(dir, "accounts.key"),
    token: token as Record<User, string>,
  };
}

const base64 = (file: string): string => readFileSync(file).toString("base64");

/** What a kubeconfig file says of its user. */
export function withToken(token: string): object {
  return { token };
}

export function withCertificate(dir: string, name: string): object {
  return {
    "client-certificate-data": base64(join(dir, `${name}.pem`)),
    "client-key-data": base64(join(dir, `${name}.key`)),
  };
}

/** Writes a kubeconfig file with one context. */
export function writeKubeconfig(file: string, { server, ca }: Omit<Access, "token">, user: object): void {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "tests", cluster: { server, "certificate-authority-data": base64(ca) } }],
    users: [{ name: "user", user }],
    contexts: [{ name: "tests", context: { cluster: "tests", user: "user" } }],
    "current-context": "tests",
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
}
