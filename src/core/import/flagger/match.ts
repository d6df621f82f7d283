// Which requests does an analysis mean?
import type { Analysis } from "./analysis-fields.ts";
import type { Part } from "../part.ts";
import { from, type Out } from "../write.ts";

/** One way to compare a text. */
interface Match {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  readonly regex?: string | undefined;
}

type List = NonNullable<Analysis["match"]>;

/** The entries that can be said; of the others it was said that they cannot. */
export function matchesOf(list: Part<List>): readonly Out[] {
  return list.items().flatMap((entry) => {
    const labels = entry.at("sourceLabels");
    labels?.none(
      "Serin tells requests apart by what they say, not by the pods they come from",
      "let the callers send a header, and match that",
    );
    const [header, query] = [valuesOf(entry.at("headers")), valuesOf(entry.at("queryParams"))];
    if (!header && !query) {
      if (!labels)
        entry.none("an entry without conditions means every request", "use strategy.canary.stepWeight for a share");
      return [];
    }
    // What is left of an entry without the labels would mean more requests than were meant.
    return labels ? [] : [{ header, query }];
  });
}

function valuesOf(values: Part<Readonly<Record<string, Match>>> | undefined): Out | undefined {
  const entries = values?.entries() ?? [];
  const made = entries.flatMap(([name, match]) => {
    const value = valueOf(match);
    return value === undefined ? [] : [[name, value] as const];
  });
  return made.length === 0 ? undefined : Object.fromEntries(made);
}

function valueOf(match: Part<Match>): Out | undefined {
  const { exact, prefix, suffix, regex } = match.value;
  if (Object.keys(match.value).length > 1) {
    match.none("a value is compared in one way", "keep one of exact, prefix, suffix and regex");
    return undefined;
  }
  if (exact !== undefined) return from({ exact }, match);
  if (prefix !== undefined) return from({ prefix }, match);
  if (suffix !== undefined) return from({ regex: `.*${escaped(suffix)}` }, match);
  if (regex !== undefined) return from({ regex }, match);
  return from({ present: true }, match);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
