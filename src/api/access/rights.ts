// Which role does each act take, has a caller got it, and who else has?
import type { CommandRequest } from "../contract.ts";
import type { AccessFile, AccessRole } from "./file.ts";
import { may, principalOf } from "./may.ts";
import type { Somewhere } from "./places.ts";

/** Whatever changes something. */
export type Act = CommandRequest["kind"] | "apply" | "remove";

/** Any of these roles will do. Saying go is a right of its own; whoever may say so may also say no. */
export const ROLES_FOR: Readonly<Record<Act, readonly AccessRole[]>> = {
  apply: ["operate"],
  promote: ["approve"],
  pause: ["operate"],
  resume: ["operate"],
  abort: ["operate", "approve"],
  retry: ["operate"],
  undo: ["operate"],
  scale: ["operate"],
  remove: ["administer"],
};

/** `operate or approve`. */
export const rolesText = (act: Act): string => ROLES_FOR[act].join(" or ");

/** Whom the file grants a role at all of these places, as the file names them: `group sre`, `ann@example.com`. */
export function holdersOf(
  file: AccessFile,
  roles: readonly AccessRole[],
  places: readonly Somewhere[],
): readonly string[] {
  const named = file.grants.flatMap(({ who }) => [
    ...who.groups.map((group) => ({ text: `group ${group}`, groups: [group], actor: undefined })),
    ...who.actors.map((actor) => ({ text: actor, groups: [], actor })),
  ]);
  const holds = named.filter((one) => {
    const principal = principalOf({ groups: one.groups, actor: one.actor, login: "none" }, file);
    return roles.some((role) => places.every((place) => may(principal, { role, ...place })));
  });
  return [...new Set(holds.map(({ text }) => text))];
}

/** Every act with its roles. */
export const ACTS = Object.entries(ROLES_FOR) as readonly (readonly [Act, readonly AccessRole[]])[];
