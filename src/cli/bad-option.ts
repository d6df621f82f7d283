// How is a person told of an option that a controller cannot be started with?
import { SerinError } from "../core/issues.ts";

/** What is wrong, what was found, and what would be right. */
export function badOption(what: string, found: string, next: string): SerinError {
  return new SerinError({ code: "SERIN_BAD_OPTION", what, found, now: "nothing was started", next, exitCode: 2 });
}
