// How does a rollout file say how a server is reached that asks who one is?
import * as z from "zod";
import type { Text } from "../outbox/message.ts";
import { shown } from "./reading.ts";
import type { Report } from "./rule.ts";
import { Header, HEADER_NAME, secretFields, secretOf, textField } from "./target.ts";
import { exactlyOne, rule } from "./rule.ts";

/** Where a secret is read: it is in no file of ours and in no journal. */
export type SecretText = Exclude<Text, string>;

export const SecretField = rule(
  z
    .strictObject(secretFields, {
      // Not shown: it may be the secret itself.
      error: ({ input }) =>
        typeof input === "string"
          ? "found a text, a secret does not stand in a file: { env: … } or { file: … } must be here"
          : undefined,
    })
    .meta({ oneOf: [{ required: ["env"] }, { required: ["file"] }] }),
  (secret, report) => exactlyOne(secret, ["env", "file"], report),
).transform((secret): SecretText => secretOf(secret));

const Tls = rule(
  z.strictObject({
    ca: z.string().min(1).optional().describe("File of the authorities to trust instead of the usual ones (PEM)."),
    cert: z.string().min(1).optional().describe("File of the own certificate, where the server asks for one (PEM)."),
    key: z.string().min(1).optional().describe("File of the key of the own certificate (PEM)."),
    serverName: z.string().min(1).optional().describe("The name in the server's certificate, if it is not the host's."),
    insecure: z.boolean().optional().describe("true: take any certificate. Then nobody knows who answers."),
  }),
  ({ cert, key }, report) => {
    if ((cert === undefined) === (key === undefined)) return;
    const missing = cert === undefined ? "cert" : "key";
    report([missing], "missing-field", `${missing} is missing, a certificate and its key go together`);
  },
);

/** Fields of whoever is reached over HTTP and asks who one is. */
export const connectionFields = {
  basic: z
    .strictObject({
      user: textField(z.string().min(1)).describe("A text, or { env } or { file }."),
      password: SecretField.describe("Where it is read: { env } or { file }."),
    })
    .optional()
    .describe("Name and password of HTTP basic authentication."),
  bearer: SecretField.optional().describe("Where the token is read: { env } or { file }."),
  headers: z
    .record(z.string().min(1), textField(Header))
    .optional()
    .describe("Headers: texts, or { env } or { file } for secrets."),
  tls: Tls.optional().describe("Certificates, where the usual ones are not enough."),
};

/** How a server is reached. Files are relative to the rollout file until somebody anchors them. */
export interface Connection {
  readonly basic?: { readonly user: Text; readonly password: SecretText } | undefined;
  readonly bearer?: SecretText | undefined;
  readonly headers?: Readonly<Record<string, Text>> | undefined;
  readonly tls?: TlsFiles | undefined;
}

/** Files of certificates. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
  readonly insecure?: boolean | undefined;
}

/** Reports what does not go together. */
export function checkConnection(
  { basic, bearer, headers = {}, tls, url }: Connection & { readonly url: string },
  report: Report,
): void {
  if (basic && bearer) report(["bearer"], "conflict", "found beside basic, one of them says who one is: keep one");
  for (const name of Object.keys(headers)) {
    if (!HEADER_NAME.test(name))
      report(["headers", name], "wrong-value", `found ${shown(name)}, a header's name has letters, digits and -`);
    else if (name.toLowerCase() === "authorization" && (basic ?? bearer))
      report(
        ["headers", name],
        "conflict",
        `found beside ${basic ? "basic" : "bearer"}, which is sent in it: keep one`,
      );
  }
  if (tls && url.startsWith("http:"))
    report(["tls"], "conflict", "found at an address that begins with http://: use https://");
}

/** A base address: host and path. Credentials and queries have fields of their own. */
export const Address = z.string().superRefine((text, context) => {
  if (/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#@]*)?$/u.test(text)) return;
  const message = `found ${shown(text.replace(/\/\/[^@/]*@/u, "//…@"))}, an address is http:// or https://, a host and a path, without name, password or query`;
  context.addIssue({ code: "custom", message, params: { code: "wrong-value" } });
});
