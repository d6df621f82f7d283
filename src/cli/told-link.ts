// Who asked a controller for what, and what came of it?
import type { Link } from "../api/contract.ts";
import { toldCommand, type Asked } from "../telemetry/happened.ts";

/** The same link; every command is told of. */
export function toldLink(link: Link, onAsked: (asked: Asked) => void): Link {
  return {
    ...link,
    apply: (request) => {
      const { actor, reason } = request;
      return toldCommand({ kind: "apply", actor, reason }, () => link.apply(request), onAsked);
    },
    command: (service, request) => {
      const { kind, actor, reason } = request;
      return toldCommand({ kind, service, actor, reason }, () => link.command(service, request), onAsked);
    },
    remove: (service) => toldCommand({ kind: "remove", service }, () => link.remove(service), onAsked),
  };
}
