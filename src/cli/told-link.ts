// Who asked a controller for what, and what came of it?
import type { Link } from "../api/contract.ts";
import { toldCommand, type Asked } from "../telemetry/happened.ts";

/** The same link; every command is told of. */
export function toldLink<L extends Link>(link: L, onAsked: (asked: Asked) => void): L {
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
    remove: (service, request) => {
      const { actor, reason } = request;
      return toldCommand({ kind: "remove", service, actor, reason }, () => link.remove(service, request), onAsked);
    },
  };
}
