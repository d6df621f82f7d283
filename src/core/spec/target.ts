// How does a rollout file say how somebody outside is reached?
import * as z from "zod";
import type { Target, Text } from "../outbox/message.ts";
import { PAYLOAD_NAMES } from "../outbox/payload.ts";
import { isJson, namesIn, strayIn } from "../outbox/template.ts";
import { textOrMap } from "./either.ts";
import { nearest } from "./nearest.ts";
import { shown } from "./reading.ts";
import { exactlyOne, listed, rule, type Report } from "./rule.ts";
import { Plain } from "./plain.ts";

/** Where a secret is read, one of the two. */
export const secretFields = {
  env: z.string().min(1).optional().describe("The environment variable of the controller that holds it."),
  file: z.string().min(1).optional().describe("The file that holds it, relative to the rollout file."),
};

/** The one that is there. */
export const secretOf = ({ env, file }: { readonly env?: string | undefined; readonly file?: string | undefined }) =>
  env === undefined ? { file: file ?? "" } : { env };

const Secret = rule(
  z.strictObject(secretFields).meta({ oneOf: [{ required: ["env"] }, { required: ["file"] }] }),
  (secret, report) => exactlyOne(secret, ["env", "file"], report),
).transform((secret): Text => secretOf(secret));

/** A text as it stands, or where it is read when it is needed. */
export const textField = (text: z.ZodType<string, string>): z.ZodType<Text, string | object> =>
  textOrMap({ text, map: Secret, right: "a text, { env: … } or { file: … }" });

/** An address, without credentials in it. */
export const Url = z.string().superRefine((text, context) => {
  const why = wrongUrl(text);
  if (why !== undefined) context.addIssue({ code: "custom", message: why, params: { code: "wrong-value" } });
});

/** Why a text is no address. */
export function wrongUrl(text: string): string | undefined {
  if (text.includes("{{")) return "found a template in the address, templates stand in body";
  if (/^https?:\/\/[^\s/?#@]+(?:[/?][^\s#@]*)?$/u.test(text)) return undefined;
  // Not shown whole: what stands before an @ may be a password.
  const found = shown(text.replace(/\/\/[^@/]*@/u, "//…@"));
  return `found ${found}, an address is http:// or https://, a host and a path, without a name or password`;
}

export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;

export const Header = z.string().superRefine((text, context) => {
  if (!text.includes("{{")) return;
  const message = "found a template in a header, templates stand in body";
  context.addIssue({ code: "custom", message, params: { code: "wrong-value" } });
});

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

const httpFields = z.strictObject({
  url: textField(Url).describe("The address: a text, or { env } or { file } for one that is a secret."),
  method: z.enum(METHODS).default("POST").describe("Default: POST."),
  headers: z
    .record(z.string().min(1), textField(Header))
    .default({})
    .describe("Headers: texts, or { env } or { file } for secrets."),
  body: z.string().min(1).optional().describe("A template of the body. Default: the payload as JSON."),
});

function checkHttp({ method, headers, body }: z.output<typeof httpFields>, report: Report): void {
  for (const name of Object.keys(headers)) {
    if (!HEADER_NAME.test(name))
      report(["headers", name], "wrong-value", `found ${shown(name)}, a header's name has letters, digits and -`);
    else if (/^(?:idempotency-key|x-serin-id)$/iu.test(name))
      report(["headers", name], "conflict", `found ${name}, Serin names each message in it: take it out`);
  }
  if (body === undefined) return;
  if (method === "GET") report(["body"], "conflict", "GET has no body: take it out, or use POST");
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const means =
    typeof type === "string" ? /[/+]json\b/iu.test(type) : type === undefined && /^\s*[[{](?!\{)/u.test(body);
  if (means && !isJson(body))
    report(["body"], "wrong-value", "the body looks like JSON and is none; another kind has a content-type in headers");
}

const HttpMap = rule(httpFields, checkHttp);

const Http = textOrMap({ text: Url, map: HttpMap, right: "an address or a map with url" });

type HttpTarget = Extract<Target, { readonly kind: "http" }>;

function httpTarget(http: z.output<typeof Http>): HttpTarget {
  return typeof http === "string"
    ? { kind: "http", url: http, method: "POST", headers: {} }
    : { kind: "http", ...(http as Omit<HttpTarget, "kind">) };
}

/** Environment variables of a command. */
// Its names are looked at whatever the values are.
export const Env = rule(
  z.record(z.string().min(1), textField(z.string())),
  (env, report) => {
    for (const name of Object.keys(env)) {
      if (/[=\0]/u.test(name)) report([name], "wrong-value", `found ${shown(name)}, a name here has no = in it`);
      else if (name.startsWith("SERIN_"))
        report([name], "conflict", `found ${name}, names that begin with SERIN_ are Serin's: take another`);
    }
  },
  [],
);

/** Fields of a target that calls something: hooks and notifications have them. */
export const callFields = {
  http: Http.optional().describe("An address that is called with POST, or a map with url, method, headers and body."),
  command: z.array(Plain).min(1).optional().describe("A program and its arguments; no shell."),
  env: Env.optional().describe("With command only. Environment variables: texts, or { env } or { file } for secrets."),
  cwd: z.string().min(1).optional().describe("With command only. Its folder. Default: the rollout file's."),
};

/** What is read of these fields. */
export interface CallFields {
  readonly http?: z.output<typeof Http> | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, Text>> | undefined;
  readonly cwd?: string | undefined;
}

/** The target that these fields name, once they are checked. */
export function callTarget({ http, command, env = {}, cwd = "" }: CallFields): Target {
  if (http !== undefined) return httpTarget(http);
  return { kind: "command", command: command ?? [], env, cwd };
}

/** Reports fields of a command where there is none. */
export function checkCall(fields: CallFields, report: Report): void {
  if (fields.command !== undefined) return;
  for (const name of ["env", "cwd"] as const)
    if (fields[name] !== undefined) report([name], "conflict", `${name} is a command's: take it out, or use command`);
}

/** Templates of a target, with the place of each. */
export function templatesOf({ http }: CallFields): readonly { path: readonly string[]; template: string }[] {
  const body = typeof http === "object" ? (http as HttpTarget).body : undefined;
  return body === undefined ? [] : [{ path: ["http", "body"], template: body }];
}

/** Reports names that no payload has; `metadata.` has those of the file. */
export function checkTemplate(
  { path, template }: { readonly path: readonly string[]; readonly template: string },
  metadata: readonly string[],
  report: Report,
): void {
  const stray = strayIn(template);
  if (stray !== undefined)
    report(path, "wrong-value", `found ${shown(stray)}, a name must stand between {{ and }}, such as {{service}}`);
  const known = [...Object.keys(PAYLOAD_NAMES), ...metadata.map((name) => `metadata.${name}`)];
  for (const name of namesIn(template).filter((one) => !known.includes(one))) {
    const near = nearest(name, known);
    const meant = near === undefined ? "" : `did you mean ${near}? `;
    report(
      path,
      "wrong-value",
      `found {{${name}}}, no such part of the payload: ${meant}Known are ${listed(known, "and")}`,
    );
  }
}

/** What a hook or a receiver is called: a part of the id of its messages, which goes into headers. */
export const Name = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?$/u, {
  error: ({ input }) =>
    `found ${shown(input)}, a name here is 1 to 63 of letters, digits, spaces and ._-, and begins and ends with a letter or digit`,
});

/** Reports names that stand twice. */
export function uniqueNames(list: readonly { readonly name: string }[], report: Report): void {
  list.forEach(({ name }, index) => {
    const first = list.findIndex((other) => other.name === name);
    if (first < index) report([index, "name"], "duplicate", `found ${name} again, entry ${first + 1} has it`);
  });
}
