// What is true of a split that was read in routes?
import { canonical } from "../../../core/match.ts";
import type { Role, Split } from "../../../core/split.ts";
import type { Adopted } from "../adopted.ts";
import type { Hashes } from "./cluster-router.ts";
import type { Service, KubeObject } from "../client/objects.ts";
import { rolesOf } from "./slots.ts";
import type { Wish } from "./weave.ts";

/** The split, if those who stand for the roles in it have the roles' own pods; else nobody who is asked for gets anything. */
export function believed(split: Wish, live: Hashes, own: Hashes): Split {
  const isAnother = (role: Role): boolean => own[role] !== undefined && live[role] !== own[role];
  return [...rolesOf(split)].some(isAnother) ? { weights: {} } : split;
}

/** The ready pods of everybody who stands for a role. */
export function busyOf(adopted: Adopted, live: Hashes): readonly string[] {
  const hashes = new Set(Object.values(live));
  return adopted.sets().flatMap((set) => {
    const pool = adopted.poolOf(set);
    return pool !== undefined && hashes.has(set.hash) ? adopted.readyOf(pool) : [];
  });
}

/** Whether an object that is Serin's own says what it shall, in what Serin says of it. */
export function isSame(
  found: KubeObject & { readonly spec: unknown },
  wanted: KubeObject & { readonly spec: unknown },
): boolean {
  const said = ({ metadata, spec }: typeof wanted, notes: readonly string[]) =>
    canonical([
      spec,
      metadata.labels ?? {},
      (metadata.ownerReferences ?? []).map(({ uid }) => uid),
      notes.map((name) => metadata.annotations?.[name]),
    ]);
  const notes = Object.keys(wanted.metadata.annotations ?? {});
  return (
    said({ ...found, metadata: { ...found.metadata, labels: sharedLabels(found, wanted) } }, notes) ===
    said(wanted, notes)
  );
}

function sharedLabels(found: KubeObject, wanted: KubeObject): Service["metadata"]["labels"] {
  const names = Object.keys(wanted.metadata.labels ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = found.metadata.labels?.[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
