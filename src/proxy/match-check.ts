// Can these conditions be looked for in a request?
import { z } from "zod";
import { linearRegex } from "./match.ts";
import { plainPath } from "./path.ts";

const LONGEST_REGEX = 500;
const RULES = 100;
const CONDITIONS = 20;

const text = z.string().max(1_024);
const regex = z.string().max(LONGEST_REGEX, `must have at most ${LONGEST_REGEX} characters`).superRefine(compiles);
const path = z.string().refine((written) => plainPath(written) === written && written.startsWith("/"), {
  error: ({ input }) => `must be a path as it is meant, decoded and without dots: ${plainPath(String(input))}`,
});

function compiles(source: string, context: z.RefinementCtx): void {
  try {
    linearRegex(source);
  } catch (error) {
    const why = (error as Error).message;
    context.addIssue({ code: "custom", message: `must be a regular expression that RE2 and JavaScript take: ${why}` });
  }
}

const one = (value: object): boolean => Object.keys(value).length === 1;

const valueIs = z
  .strictObject({
    exact: text.optional(),
    prefix: text.optional(),
    regex: regex.optional(),
    present: z.literal(true).optional(),
  })
  .refine(one, "must have one of exact, prefix, regex and present");

const pathIs = z
  .strictObject({ exact: path.optional(), prefix: path.optional(), regex: regex.optional() })
  .refine(one, "must have one of exact, prefix and regex");

/** As long as the readers of a head look at. */
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9a-z-]{1,127}$/u, "must be a header's name in lower case");
const name = z.string().min(1).max(200);
const method = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}$/u, "must be a method (RFC 9110, token)");

const condition = z.discriminatedUnion("on", [
  z.strictObject({ on: z.literal("header"), name: headerName, is: valueIs }),
  z.strictObject({ on: z.literal("cookie"), name, is: valueIs }),
  z.strictObject({ on: z.literal("query"), name, is: valueIs }),
  z.strictObject({ on: z.literal("path"), is: pathIs }),
  z.strictObject({ on: z.literal("method"), is: z.array(method).min(1).max(CONDITIONS) }),
  z.strictObject({ on: z.literal("listener"), is: z.literal("preview") }),
]);

const when = z.array(condition).min(1).max(CONDITIONS);

/** Requests of which all conditions of any entry hold. */
export const entriesSchema = z.array(when).min(1).max(RULES);

/** `matches` of a split. */
export const matchesSchema = z.array(z.strictObject({ when, to: z.enum(["stable", "canary", "baseline"]) })).max(RULES);

/** `section` of a route. */
export const sectionSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, "must be of small letters, digits and dashes"),
  order: z.number().int().min(-1_000_000).max(1_000_000),
  when: entriesSchema,
});
