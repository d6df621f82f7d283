// How is a field read that is a text, or a map when there is more to say?
import * as z from "zod";
import { shown } from "./reading.ts";
import { missingText, unknownText, wrongText } from "./texts.ts";

/** The two forms of a field. */
interface Forms<T, M> {
  readonly text: z.ZodType<T, string>;
  readonly map: z.ZodType<M>;
  /** What must be here, when it is neither: `an address or a map`. */
  readonly right: string;
}

/** A field in one of two forms. Mistakes in it are named as those of the form it has; a union would say that neither fits. */
export function textOrMap<T, M>({ text, map, right }: Forms<T, M>): z.ZodType<T | M, string | object> {
  const error = ({ input }: { readonly input?: unknown }): string | undefined =>
    input === undefined ? undefined : `found ${shown(input)}, ${right} must be here`;
  return z
    .union([z.string().meta(shapeOf(text)), z.looseObject({}).meta(shapeOf(map))], { error })
    .transform((input, context): T | M => {
      const form: z.ZodType<T | M> = typeof input === "string" ? text : map;
      const read = form.safeParse(input, { error: wrongText });
      if (read.success) return read.data;
      for (const issue of read.error.issues) report(issue, { form, input, context });
      return z.NEVER;
    });
}

/** What an editor is told of a form. */
function shapeOf(form: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...shape } = z.toJSONSchema(form, { io: "input", target: "draft-7", unrepresentable: "any" });
  return shape;
}

function report(
  issue: z.core.$ZodIssue,
  at: { readonly form: z.ZodType; readonly input: unknown; readonly context: z.core.$RefinementCtx },
): void {
  const path = issue.path as readonly (string | number)[];
  const add = (place: readonly PropertyKey[], code: string, message: string): void => {
    at.context.addIssue({ code: "custom", path: [...place], message, params: { code } });
  };
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) add([...path, key], "unknown-field", unknownText(at.form, path, key));
  } else if (issue.code === "custom") {
    add(path, typeof issue.params?.["code"] === "string" ? issue.params["code"] : "wrong-value", issue.message);
  } else if (path.length > 0 && !isThere(at.input, path)) {
    add(path, "missing-field", missingText(at.form, path));
  } else add(path, issue.code === "invalid_type" ? "wrong-type" : "wrong-value", issue.message);
}

function isThere(input: unknown, path: readonly (string | number)[]): boolean {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return true;
}
