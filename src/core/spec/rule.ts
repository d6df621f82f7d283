// Which mistakes need more than one field to be seen?
import type * as z from "zod";

/** Names a mistake: where below the object at hand, of which kind, and in which words. */
export type Report = (path: readonly (string | number)[], code: string, message: string) => void;

/**
 * Adds a rule to a schema. It runs as soon as the fields that it `needs` are read, whatever is wrong elsewhere, so that
 * a person sees all mistakes at once. Without `needs` it waits for every field.
 */
export function rule<S extends z.ZodType>(
  schema: S,
  check: (value: z.output<S>, report: Report) => void,
  needs?: readonly string[],
): S {
  return schema.superRefine(
    (value, context) => {
      check(value, (path, code, message) => {
        context.addIssue({ code: "custom", path: [...path], message, params: { code } });
      });
    },
    { when: ({ issues }) => issues.every((issue) => isHarmless(issue, needs)) },
  );
}

/** Whether something was found wrong there, or below. */
export type IsWrong = (path: readonly (string | number)[]) => boolean;

/** A rule that runs whatever is wrong already. What is wrong is there as it was written, or not at all. */
export function ruleAmid<S extends z.ZodType>(
  schema: S,
  check: (value: z.output<S>, report: Report, isWrong: IsWrong) => void,
): S {
  return schema.superRefine(
    (value, context) => {
      const before = [...context.issues];
      const isWrong: IsWrong = (path) => before.some((issue) => path.every((part, at) => issue.path?.[at] === part));
      check(
        value,
        (path, code, message) => context.addIssue({ code: "custom", path: [...path], message, params: { code } }),
        isWrong,
      );
    },
    { when: ({ value }) => typeof value === "object" && value !== null },
  );
}

function isHarmless(issue: z.core.$ZodRawIssue, needs: readonly string[] | undefined): boolean {
  const [field] = issue.path ?? [];
  // A field too many does not keep the others from being read.
  if (field === undefined) return issue.code === "unrecognized_keys";
  return needs !== undefined && !needs.includes(String(field));
}

/** Reports unless exactly one of these fields is there. */
export function exactlyOne(value: object, names: readonly string[], report: Report): void {
  const there = names.filter((name) => (value as Readonly<Record<string, unknown>>)[name] !== undefined);
  if (there.length === 0) report([], "missing-field", `one of ${listed(names, "or")} must be here`);
  for (const name of there.slice(1)) {
    report([name], "conflict", `found beside ${there[0]}, only one of ${listed(names, "or")} can be here`);
  }
}

/** `a, b and c`. */
export function listed(names: readonly string[], word: "and" | "or"): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names.at(-1)}`;
}
