// How is a JSON Schema said so that a Kubernetes API server takes it?
//
// A structural schema gives each place one type, and names every field outside of `anyOf` and its like. What cannot be
// said so is said more loosely, never more strictly: Serin reads the file itself, and refuses what is left.

/** A JSON Schema, of draft 7 or as Kubernetes has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** A condition in CEL, and what is told where it does not hold. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/** Bounds that every whole number has in zod's schemas. */
const SAFE = Number.MAX_SAFE_INTEGER;

/** Checks of values that both kinds of schemas know by the same names. */
const KEPT = [
  "description",
  "enum",
  "format",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "required",
] as const;

const OPEN = { "x-kubernetes-preserve-unknown-fields": true } as const;

/** The formats that the API server checks by itself. */
const DATES: ReadonlySet<unknown> = new Set(["date", "date-time"]);

/** Converts a draft-7 schema. Defaults are left out: they are Serin's, and an object stays as it was applied. */
export function structural(schema: Schema): Schema {
  return placed(schema, { repeated: false });
}

interface Place {
  /** Below a list, a map or an open field: rules there would cost once for each that there could be. */
  readonly repeated: boolean;
}

function placed(schema: Schema, place: Place): Schema {
  const forms = formsOf(schema);
  const own = { ...checksOf(schema), ...childrenOf(schema, place) };
  if (forms.length > 0) return withForms(own, forms);
  const type = typeOf(schema);
  if (type === undefined) return { ...own, ...OPEN };
  const isOpenMap = type === "object" && isEmpty(schema["additionalProperties"]) && !own["properties"];
  return { type, ...own, ...waysOf(schema, place), ...(isOpenMap ? OPEN : {}) };
}

/** The one type of a place; nothing where it has several. */
function typeOf({ type, const: only }: Schema): string | undefined {
  if (typeof type === "string") return type;
  return type === undefined && only !== undefined ? typeof only : undefined;
}

/** What is asked of a value, whatever its type. */
function checksOf(schema: Schema): Schema {
  const checks: Record<string, unknown> = {};
  for (const name of KEPT) if (schema[name] !== undefined) checks[name] = schema[name];
  if (schema["const"] !== undefined) checks["enum"] = [schema["const"]];
  if (typeof schema["pattern"] === "string" && !DATES.has(schema["format"]))
    checks["pattern"] = withoutLooks(schema["pattern"]);
  return { ...checks, ...boundsOf(schema) };
}

/** Draft 7 has the number itself in `exclusiveMinimum`; Kubernetes has it beside. */
function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): Schema {
  const isBound = (bound: unknown): bound is number => typeof bound === "number" && Math.abs(bound) < SAFE;
  return {
    ...(isBound(minimum) && { minimum }),
    ...(isBound(maximum) && { maximum }),
    ...(isBound(exclusiveMinimum) && { minimum: exclusiveMinimum, exclusiveMinimum: true }),
    ...(isBound(exclusiveMaximum) && { maximum: exclusiveMaximum, exclusiveMaximum: true }),
  };
}

/** Go's regular expressions look neither ahead nor behind. Without that a pattern only lets more through. */
function withoutLooks(pattern: string): string {
  return pattern.replaceAll(/\(\?<?[=!][^()]*\)/gu, "");
}

function childrenOf(schema: Schema, { repeated }: Place): Schema {
  const { properties, items, additionalProperties } = schema;
  const below = (of: unknown, place: Place): Schema => placed(of as Schema, place);
  const inner = Object.entries((properties ?? {}) as Schema);
  return {
    ...(inner.length > 0 && {
      properties: Object.fromEntries(inner.map(([name, of]) => [name, below(of, { repeated })])),
    }),
    ...(isMap(items) && { items: below(items, { repeated: true }) }),
    ...(isMap(additionalProperties) &&
      !isEmpty(additionalProperties) && { additionalProperties: below(additionalProperties, { repeated: true }) }),
  };
}

/** The fields of which one must be there, if that is all that a schema asks for in `anyOf` or `oneOf`. */
function waysIn(schema: Schema, name: "anyOf" | "oneOf"): readonly string[] {
  const ways = schema[name];
  if (!Array.isArray(ways)) return [];
  const alone = (ways as readonly Schema[]).map((way) => (Object.keys(way).length === 1 ? way["required"] : undefined));
  return alone.every((way) => Array.isArray(way)) ? (alone.flat() as string[]) : [];
}

/** As a rule with words, where it stands once; else as the API server says it. */
function waysOf(schema: Schema, { repeated }: Place): Schema {
  const one = waysIn(schema, "oneOf");
  const some = waysIn(schema, "anyOf");
  if (repeated) return { ...required("oneOf", one), ...required("anyOf", some) };
  const rules = [...(one.length > 0 ? [exactlyOneRule(one)] : []), ...(some.length > 0 ? [someRule(some)] : [])];
  return withRules({}, rules);
}

function required(word: "anyOf" | "oneOf", names: readonly string[]): Schema {
  return names.length > 0 ? { [word]: names.map((name) => ({ required: [name] })) } : {};
}

/** The rule that exactly one of these fields is there. */
export function exactlyOneRule(names: readonly string[]): CelRule {
  const there = names.map((name) => `has(self.${name})`).join(", ");
  return { rule: `[${there}].exists_one(one, one)`, message: `one of ${oneOf(names)} must be here, and only one` };
}

function someRule(names: readonly string[]): CelRule {
  return {
    rule: names.map((name) => `has(self.${name})`).join(" || "),
    message: `one of ${oneOf(names)} must be here`,
  };
}

const oneOf = (names: readonly string[]): string => `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;

/** The schema with further rules. */
export function withRules(schema: Schema, rules: readonly CelRule[]): Schema {
  if (rules.length === 0) return schema;
  const known = (schema["x-kubernetes-validations"] ?? []) as readonly CelRule[];
  return { ...schema, "x-kubernetes-validations": [...known, ...rules] };
}

/** The forms that a value may have, if its schema has several. */
function formsOf(schema: Schema): readonly Schema[] {
  const forms = schema["anyOf"] ?? schema["oneOf"];
  // A text in two ways of its own is a text.
  if (!Array.isArray(forms) || typeOf(schema) !== undefined) return [];
  const isWays = waysIn(schema, "anyOf").length > 0 || waysIn(schema, "oneOf").length > 0;
  return isWays ? [] : (forms as readonly Schema[]);
}

/** One place for all forms. Checks of one type say nothing of values of another, so that they stand side by side. */
function withForms(own: Schema, forms: readonly Schema[]): Schema {
  const types = [...new Set(forms.map(typeOf))];
  const read = forms.map((form) => ({ ...checksOf(form), ...childrenOf(form, { repeated: true }) }));
  const ways = forms.map((form) => formWays(form));
  if (types.length === 1 && types[0] !== undefined) {
    return { type: types[0], ...own, anyOf: read.map(withoutDescription) };
  }
  const isIntOrString = types.length === 2 && types.includes("integer") && types.includes("string");
  const kind = isIntOrString ? { "x-kubernetes-int-or-string": true } : OPEN;
  return Object.assign({}, ...read, ...ways, own, kind) as Schema;
}

/** Beside each other only the whole has a description. */
const withoutDescription = ({ description: _description, ...checks }: Schema): Schema => checks;

/** `required` holds for maps alone in `anyOf`, and fails for texts in `oneOf`: only one is said by the number of fields. */
function formWays(form: Schema): Schema {
  const one = waysIn(form, "oneOf");
  const some = waysIn(form, "anyOf");
  const fields = Object.keys(form["properties"] ?? {});
  const isAll = one.length > 0 && fields.length === one.length;
  return { ...required("anyOf", [...one, ...some]), ...(isAll && { maxProperties: 1 }) };
}

function isMap(schema: unknown): schema is Schema {
  return typeof schema === "object" && schema !== null && !Array.isArray(schema);
}

function isEmpty(schema: unknown): boolean {
  return isMap(schema) && Object.keys(schema).length === 0;
}
