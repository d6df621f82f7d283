// Can this mirror be followed?
import { z } from "zod";
import { badIgnore } from "../../core/compare/ignore.ts";
import type { Route } from "../../core/split.ts";
import { WHOLE } from "../../core/units.ts";
import { entriesSchema } from "../match-check.ts";

const text = z.string().max(1_024);
/** The form of `split.mirror`. */
export const mirrorSchema = z.strictObject({
  to: z.array(z.enum(["canary", "baseline"])).min(1),
  share: z.number().int().min(0).max(WHOLE),
  when: entriesSchema.optional(),
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
