// How does a file say which requests are meant?
import * as z from "zod";
import type { Condition, ValueIs } from "../match.ts";
import { shown } from "./reading.ts";
import { exactlyOne, listed, rule } from "./rule.ts";
import { Plain } from "./plain.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
/** What only a search that tries again and again can find: a client could keep such a search busy for ever. */
const NOT_LINEAR = /\(\?(?:=|!|<=|<!)|\\[1-9]|\\k</u;
/** Data planes compare the path as it is meant: decoded, and without these. */
const NOT_PLAIN = /\/\/|\/\.{1,2}(?:\/|$)|%/u;

/** A longer pattern is not one that a person wrote to tell requests apart. */
const LONGEST = 500;

const Regex = z
  .string()
  .min(1)
  .max(LONGEST)
  .superRefine((text, context) => {
    if (NOT_LINEAR.test(text)) {
      const message = `found ${shown(text)}, an expression here looks neither ahead nor back`;
      context.addIssue({ code: "custom", message, params: { code: "wrong-value" } });
    }
    try {
      RegExp(`^(?:${text})$`, "u");
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: /u, "") : String(error);
      context.addIssue({ code: "custom", message: `found ${shown(text)}, no regular expression: ${why}` });
    }
  });

const WAYS = ["exact", "prefix", "regex", "present"] as const;

const wayFields = {
  exact: Plain.optional().describe("The value is this."),
  prefix: z.string().min(1).max(LONGEST).optional().describe("The value begins with this."),
  regex: Regex.optional().describe("The whole value matches this regular expression."),
};

const Ways = rule(
  z
    .strictObject({ ...wayFields, present: z.literal(true).optional().describe("It is there, whatever its value.") })
    .meta({ oneOf: WAYS.map((name) => ({ required: [name] })) }),
  (ways, report) => exactlyOne(ways, WAYS, report),
);

const PathWays = rule(
  z.strictObject(wayFields).meta({ oneOf: WAYS.slice(0, 3).map((name) => ({ required: [name] })) }),
  (ways, report) => exactlyOne(ways, WAYS.slice(0, 3), report),
);

const Value = z.union([Plain, Ways], {
  error: ({ input }) => `found ${shown(input)}, a value is a text, or a map with one of ${listed(WAYS, "or")}`,
});

const Named = z.record(
  z.string().regex(TOKEN, {
    error: ({ input }) => `found ${shown(input)}, a name here is of letters, digits and -_.!#$%&'*+^\`|~ only`,
  }),
  Value,
);

const METHOD = /^[A-Z]{1,20}$/u;
const Method = z.string().regex(METHOD, {
  error: ({ input }) => `found ${shown(input)}, a method is in capitals, such as GET`,
});

const PathValue = z.union(
  [
    z.string().regex(/^\/[\x21-\x7e]*$/u, {
      error: ({ input }) => `found ${shown(input)}, a path begins with a slash, such as /cart`,
    }),
    PathWays,
  ],
  {
    error: ({ input }) => `found ${shown(input)}, a path is a text such as /cart, or a map with exact, prefix or regex`,
  },
);

const KINDS = ["header", "cookie", "query", "path", "method"] as const;

const Entry = rule(
  z
    .strictObject({
      header: Named.optional().describe("Request headers by name. Lower and upper case of a name are the same."),
      cookie: Named.optional().describe("Cookies by name."),
      query: Named.optional().describe("Fields of the query by name."),
      path: PathValue.optional().describe("The path or one below it: /cart is /cart and /cart/1, not /carts."),
      method: z
        .union([Method, z.array(Method).min(1)])
        .optional()
        .describe("The method, or any of a list."),
    })
    .meta({ anyOf: KINDS.map((name) => ({ required: [name] })) }),
  (entry, report) => {
    if (KINDS.every((name) => entry[name] === undefined))
      report([], "missing-field", `an entry has at least one of ${listed(KINDS, "and")}`);
    const path = typeof entry.path === "string" ? entry.path : (entry.path?.exact ?? entry.path?.prefix ?? "");
    if (NOT_PLAIN.test(path)) {
      const right =
        "a path is written decoded, without // and without . and .. segments: that is how requests are compared";
      report(["path"], "wrong-value", `found ${shown(path)}, ${right}`);
    }
  },
).transform(conditionsOf);

/** Requests of which all conditions of any entry hold; none at all with an empty list. */
export const MatchListSchema: z.ZodType<readonly (readonly Condition[])[]> = z.array(Entry).max(100);

type Written = z.output<typeof Value>;

function isOf(value: Written): ValueIs {
  if (typeof value === "string") return { exact: value };
  if (value.exact !== undefined) return { exact: value.exact };
  if (value.prefix !== undefined) return { prefix: value.prefix };
  return value.regex === undefined ? { present: true } : { regex: value.regex };
}

interface Fields {
  readonly header?: Readonly<Record<string, Written>> | undefined;
  readonly cookie?: Readonly<Record<string, Written>> | undefined;
  readonly query?: Readonly<Record<string, Written>> | undefined;
  readonly path?: z.output<typeof PathValue> | undefined;
  readonly method?: string | readonly string[] | undefined;
}

function conditionsOf({ path, method, ...named }: Fields): readonly Condition[] {
  const conditions = (["header", "cookie", "query"] as const).flatMap((on) =>
    Object.entries(named[on] ?? {}).map(([name, value]): Condition => {
      return { on, name: on === "header" ? name.toLowerCase() : name, is: isOf(value) };
    }),
  );
  return [
    ...conditions,
    ...(path === undefined ? [] : [{ on: "path", is: pathIs(path) } as const]),
    ...(method === undefined ? [] : [{ on: "method", is: [method].flat() } as const]),
  ];
}

function pathIs(path: z.output<typeof PathValue>): Extract<Condition, { on: "path" }>["is"] {
  if (typeof path === "string") return { prefix: path };
  if (path.exact !== undefined) return { exact: path.exact };
  return path.prefix === undefined ? { regex: path.regex ?? "" } : { prefix: path.prefix };
}
