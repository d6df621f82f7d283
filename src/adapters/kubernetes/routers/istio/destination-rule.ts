// Which pods do the subsets of a DestinationRule have?
import { canonical } from "../../../../core/match.ts";
import { HASH_LABEL, type Texts } from "../../client/objects.ts";
import type { Hashes } from "../cluster-router.ts";
import { NOTE } from "../note.ts";
import { IN_ORDER } from "../shares.ts";
import { isRole } from "../target.ts";
import type { DestinationRule, Subset } from "./objects.ts";

/** The labels that subsets of the owner's had before Serin's took their place; nothing for those that are Serin's alone. */
type Before = Readonly<Record<string, Texts | null>>;

function beforeOf({ metadata }: DestinationRule): Before {
  const text = metadata.annotations?.[NOTE];
  try {
    const read: unknown = text === undefined ? {} : JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Before) : {};
  } catch {
    return {};
  }
}

/** The hash by which each role's subset is told, of those that Serin has written. */
export function hashesOfSubsets(rule: DestinationRule | undefined): Hashes {
  const before = rule ? beforeOf(rule) : {};
  const found = (rule?.spec.subsets ?? []).flatMap(({ name, labels }) => {
    const hash = labels?.[HASH_LABEL];
    return isRole(name) && name in before && hash !== undefined ? [[name, hash]] : [];
  });
  return Object.fromEntries(found) as Hashes;
}

/** Subsets and note with these hashes: the owner's other subsets, and every other field of them, stay. */
export function withHashes(
  rule: DestinationRule | undefined,
  hashes: Hashes,
): { readonly subsets: readonly Subset[]; readonly note: string } {
  const was: Before = rule ? beforeOf(rule) : {};
  const next: Record<string, Texts | null> = {};
  const subsets = (rule?.spec.subsets ?? []).flatMap((subset): readonly Subset[] => {
    const hash = isRole(subset.name) ? hashes[subset.name] : undefined;
    const labels = was[subset.name];
    if (hash !== undefined) {
      next[subset.name] = labels === undefined ? (subset.labels ?? {}) : labels;
      return [{ ...subset, labels: { [HASH_LABEL]: hash } }];
    }
    if (labels === undefined) return [subset];
    if (labels === null) return [];
    const { labels: _own, ...rest } = subset;
    return [Object.keys(labels).length === 0 ? rest : { ...rest, labels }];
  });
  const own = IN_ORDER.flatMap((role): readonly Subset[] => {
    const hash = hashes[role];
    if (hash === undefined || subsets.some(({ name }) => name === role)) return [];
    next[role] = null;
    return [{ name: role, labels: { [HASH_LABEL]: hash } }];
  });
  return { subsets: [...subsets, ...own], note: canonical(next) };
}

/** A patch that gives the subsets of a DestinationRule these hashes; nothing when they have them. */
export function patchOfSubsets(rule: DestinationRule, hashes: Hashes): object | undefined {
  const { subsets, note } = withHashes(rule, hashes);
  const wanted = note === "{}" ? undefined : note;
  const isSame = canonical(subsets) === canonical(rule.spec.subsets ?? []);
  if (isSame && rule.metadata.annotations?.[NOTE] === wanted) return undefined;
  return {
    metadata: { resourceVersion: rule.metadata.resourceVersion, annotations: { [NOTE]: wanted ?? null } },
    // A list that is empty was not there, or was empty too.
    ...(isSame ? {} : { spec: { subsets: subsets.length === 0 ? null : subsets } }),
  };
}
