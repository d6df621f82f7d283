// What is done for somebody who may not do everything?
import type { ApplyRequest, CommandRequest, Link, RemoveRequest, Reply } from "../contract.ts";
import { notARollout } from "../local.ts";
import type { Caller, CallNote } from "./caller.ts";
import type { Place, PlacesResult } from "./places.ts";
import { ROLES_FOR, rolesText } from "./rights.ts";

/** As it comes: who asks may be left to the login. */
type From<R> = Omit<R, "actor" | "approvals"> & { readonly actor?: string | undefined };

/** What changes something. */
export interface Acts {
  apply(request: From<ApplyRequest>): Promise<Reply>;
  command(name: string, request: From<CommandRequest>): Promise<Reply>;
  remove(name: string, request: From<RemoveRequest>): Promise<void>;
}

/** Does what this caller may do, refuses the rest, and writes both down. */
export function actsFor(
  caller: Caller,
  link: Pick<Link, "apply" | "command" | "remove">,
  approvalsFor: (place: Place) => number | undefined = () => undefined,
): Acts {
  return {
    apply: async (request) => {
      const actor = caller.actor(request.actor);
      const { reason } = request;
      const what = request.hotfix ? "apply as a hotfix" : "apply";
      const read = await mayPlan(caller, request, { what, reason });
      if (!read.ok) throw notARollout(read.issues);
      const asked = read.places.flatMap((place) => {
        const [next, now = next] = wherever(caller, place);
        const [needed, before] = [approvalsFor(next) ?? 0, approvalsFor(now) ?? 0];
        // What is applied after it would be judged by where it is then.
        const mayMove = needed >= before || caller.mayAt({ role: "administer", ...now });
        const move = `move to ${next.environment}, where fewer must approve`;
        caller.refuseUnless(mayMove, "administer", { what: move, service: place.service, reason });
        const most = Math.max(needed, before);
        return most === 0 ? [] : [[place.service, most] as const];
      });
      const approvals = Object.fromEntries(asked);
      const service = read.places.map((place) => place.service).join(", ");
      return caller.audited(
        { actor, what, service, reason, seen: request.expected },
        () => link.apply({ ...request, actor, approvals }),
        ({ text }) => text,
      );
    },
    command: async (service, request) => {
      const { kind: what, reason, expected: seen } = request;
      const actor = caller.actor(request.actor);
      const isAllowed = ROLES_FOR[what].some((role) => caller.may(role, service));
      caller.refuseUnless(isAllowed, rolesText(what), { what, service, reason, seen });
      return caller.audited(
        { actor, what, service, reason, seen },
        () => link.command(service, { ...request, actor }),
        ({ text }) => text,
      );
    },
    remove: async (service, request) => {
      const { reason, expected: seen } = request;
      const actor = caller.actor(request.actor);
      const note = { what: "remove", service, reason, seen };
      caller.refuseUnless(caller.may("administer", service), "administer", note);
      return caller.audited(
        { actor, ...note },
        () => link.remove(service, { ...request, actor }),
        () => `${service} is gone`,
      );
    },
  };
}

/** Refuses unless the caller may operate all services that a file is about, as they are and as the file has them. */
export async function mayPlan(
  caller: Caller,
  { text, origin }: Pick<ApplyRequest, "text" | "origin">,
  note: CallNote,
): Promise<PlacesResult> {
  // Files beside the one that is read are this machine's: not for somebody who may apply nothing.
  caller.refuseUnless(caller.mayAnywhere("operate"), "operate", note);
  const read = await caller.placesIn(text, origin);
  for (const place of read.ok ? read.places : []) {
    const isAllowed = wherever(caller, place).every((at) => caller.mayAt({ role: "operate", ...at }));
    caller.refuseUnless(isAllowed, "operate", { ...note, service: place.service });
  }
  return read;
}

/**
 * Where a service will be, and where it is: nobody gets out of what counts there by the same file. One that is not there
 * yet is in its namespace, whatever its label says.
 */
function wherever(caller: Caller, { service, environment, namespace }: Place): readonly [next: Place, now?: Place] {
  const now = caller.environmentOf(service) ?? namespace;
  const next = { service, environment };
  return now === undefined ? [next] : [next, { service, environment: now }];
}
