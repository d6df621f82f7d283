// Which fields do all sources of figures have, and how does a file say where a credential is?
import * as z from "zod";
import type { Text } from "../outbox/message.ts";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { namesIn } from "../outbox/template.ts";
import { PLACE_NAMES } from "../placeholders.ts";
import { shown, written } from "./reading.ts";
import { exactlyOne, listed, rule, type Report } from "./rule.ts";
import { HEADER_NAME, secretFields, secretOf, textField, Url } from "./target.ts";

/** Where a credential is read when it is needed. Never the credential itself: a rollout file is shown and journalled. */
type Reference = Exclude<Text, string>;

const NOT_HERE = "a credential is not written into the file: { env: NAME } or { file: PATH } must be here";

/** A credential, by reference only. */
export const Credential = rule(
  z
    .strictObject(
      secretFields,
      // What was found is not shown: it may be the credential.
      {
        error: ({ code, input }) => {
          if (code !== "invalid_type" || input === undefined) return undefined;
          return typeof input === "string" ? `found a text, ${NOT_HERE}` : `found ${shown(input)}, ${NOT_HERE}`;
        },
      },
    )
    .meta({ oneOf: [{ required: ["env"] }, { required: ["file"] }] }),
  (reference, report) => exactlyOne(reference, ["env", "file"], report),
).transform((reference): Reference => secretOf(reference));

const Headers = rule(
  z.record(z.string().min(1), textField(z.string())),
  (headers, report) => {
    for (const name of Object.keys(headers))
      if (!HEADER_NAME.test(name))
        report([name], "wrong-value", `found ${shown(name)}, a header's name has letters, digits and -`);
  },
  [],
);

/** Further headers: of a gateway in front of the vendor, of a tenant. */
export const headersField = Headers.default({}).describe("Further headers: texts, or { env } or { file } for secrets.");

const Basic = z.strictObject({
  user: textField(z.string().min(1)).describe("A text, or { env } or { file }."),
  password: Credential.describe("Where it is read: { env } or { file }."),
});

/** Fields of whoever is asked over HTTP by one of the usual ways to say who one is. */
export const loginFields = {
  basic: Basic.optional().describe("Name and password of HTTP basic authentication."),
  bearer: Credential.optional().describe("Where the token is read: { env } or { file }."),
  headers: headersField,
};

/** Who one is, as the file says. */
export interface Login {
  readonly basic?: { readonly user: Text; readonly password: Reference } | undefined;
  readonly bearer?: Reference | undefined;
}

/** Reports two ways at once. */
export function notBoth(value: object, names: readonly [string, string], report: Report): void {
  const [first, second] = names;
  if (hasField(value, first) && hasField(value, second))
    report([second], "conflict", `found beside ${first}, only one of ${first} or ${second} can be here`);
}

export function hasField(value: object, name: string): boolean {
  return (value as Readonly<Record<string, unknown>>)[name] !== undefined;
}

/** A base address: what it leads to is added by Serin. */
export const BaseUrl = Url.superRefine((text, context) => {
  if (!text.includes("?")) return;
  const message = "found a query in the address, a base address is http:// or https://, a host and a path";
  context.addIssue({ code: "custom", message, params: { code: "wrong-value" } });
}).transform((text) => text.replace(/\/+$/u, ""));

/** How often is asked, how long one waits, and how late data come. `delay` is the vendor's usual one. */
export function timingFields(delay: string) {
  return {
    every: written(durationFormat({ atLeast: ms(1_000), atMost: ms(86_400_000) }))
      .prefault("1m")
      .describe("From question to question."),
    timeout: written(durationFormat({ atLeast: ms(100), atMost: ms(120_000) }))
      .prefault("10s")
      .describe("Longest time that all answers to one look may take, repetitions included."),
    delay: written(durationFormat({ atMost: ms(86_400_000) }))
      .prefault(delay)
      .describe(`How late data are: asked is what is older. Default: ${delay}.`),
  };
}

/** The length of a point, where the vendor is told it. */
export const stepField = written(durationFormat({ atLeast: ms(1_000), atMost: ms(86_400_000) }))
  .prefault("1m")
  .describe("The length of one point.");

/** A text of a form, such as a name. `right` says which. */
export function textOf(form: RegExp, right: string) {
  return z.string().regex(form, { error: ({ input }) => `found ${shown(input)}, ${right} must be here` });
}

/** Why a text that Serin fills in would not be whole: a name in it that is not among the known ones. */
export function wrongName(text: string, known: readonly string[]): string | undefined {
  const name = namesIn(text).find((one) => !known.includes(one));
  if (name === undefined) return undefined;
  const all = listed(
    known.map((one) => `{{${one}}}`),
    "and",
  );
  const isOfPool = PLACE_NAMES.some((one) => one === name);
  return `found {{${name}}}, filled in here are ${all}${isOfPool ? `: {{${name}}} belongs in the metric's query` : ""}`;
}

interface Timing {
  readonly every: z.output<ReturnType<typeof timingFields>["every"]>;
  readonly timeout: Timing["every"];
  readonly delay: Timing["every"];
}

/** The same with names that end in their unit. */
export function timed<T extends Timing>({ every, timeout, delay, ...rest }: T) {
  return { ...rest, everyMs: every, timeoutMs: timeout, delayMs: delay };
}
