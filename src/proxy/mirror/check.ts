// Can this mirror be followed?
import { z } from "zod";
import { badIgnore } from "../../core/compare/ignore.ts";
import type { Route } from "../../core/split.ts";
import { WHOLE } from "../../core/units.ts";

const text = z.string().max(1_024);
const exact = z.strictObject({ exact: text });
const prefix = z.strictObject({ prefix: text });
const regex = z.strictObject({ regex: text.refine(isPattern, "must be a regular expression") });
const present = z.strictObject({ present: z.literal(true) });
const name = z.string().min(1).max(200);

const condition = z.discriminatedUnion("on", [
  z.strictObject({ on: z.enum(["header", "cookie", "query"]), name, is: z.union([exact, prefix, regex, present]) }),
  z.strictObject({ on: z.literal("path"), is: z.union([exact, prefix, regex]) }),
  z.strictObject({ on: z.literal("method"), is: z.array(name).min(1) }),
  z.strictObject({ on: z.literal("listener"), is: z.literal("preview") }),
]);

/** The form of `split.mirror`. */
export const mirrorSchema = z.strictObject({
  to: z.array(z.enum(["canary", "baseline"])).min(1),
  share: z.number().int().min(0).max(WHOLE),
  when: z.array(z.array(condition).min(1)).min(1).optional(),
  methods: z.enum(["safe", "all"]),
  compare: z.strictObject({ ignore: z.array(text).max(1_000) }).optional(),
});

/** What only its parts together can tell. */
export function badMirror({ split }: Route): readonly string[] {
  const { mirror } = split;
  if (!mirror) return [];
  const twice = mirror.to.find((role, at) => mirror.to.indexOf(role) !== at);
  const conditions = (mirror.when ?? []).flat();
  const wrongPaths = (mirror.compare?.ignore ?? []).flatMap((path) => {
    const why = badIgnore(path);
    return why === undefined ? [] : [`split.mirror.compare.ignore: "${path}" ${why}`];
  });
  return [
    ...(twice === undefined ? [] : [`split.mirror.to: names ${twice} twice`]),
    ...(conditions.some(({ on }) => on === "listener")
      ? ["split.mirror.when: which requests are copied cannot depend on the address that they came in at"]
      : []),
    ...wrongPaths,
  ];
}

function isPattern(source: string): boolean {
  try {
    return Boolean(new RegExp(`^(?:${source})$`, "u"));
  } catch {
    return false;
  }
}
