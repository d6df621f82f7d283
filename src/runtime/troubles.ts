// What is said of a command, or of a route, that was not carried out?
import type { Command, RouterTrouble } from "../core/engine/input.ts";
import { brief, messageOf, SerinError } from "../core/issues.ts";
import type { Ms } from "../core/units.ts";

/** Why the router did not take a route. */
export function routerTroubleOf(error: unknown, atMs: Ms): RouterTrouble {
  if (!(error instanceof SerinError)) return { why: messageOf(error), atMs, hopeless: false };
  return { why: brief(error.trouble), atMs, hopeless: error.trouble.hopeless ?? false };
}

/** An abort that is followed already, and not written down. */
export function notWrittenYet(service: string, error: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_NOT_WRITTEN_YET",
      what: `abort of ${service} could not be written down`,
      found: messageOf(error).split("\n")[0],
      now: "traffic goes back to stable all the same, as fast as stable can carry it",
      next: "mend the journal: the abort is written down as soon as that is possible; a controller that is started anew before then needs it again",
    },
    { cause: error },
  );
}

/** Nobody looks after the service any more. */
export function tooLate(service: string, { kind }: Command): SerinError {
  return new SerinError({
    code: "SERIN_LETS_GO",
    what: `${kind} of ${service} was not carried out: the controller lets go of it`,
    now: "traffic stays at the last split",
    next: `start a controller with serin serve and ask again; a service that is being taken down: serin down ${service}`,
  });
}
