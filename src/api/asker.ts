// Who asks?
import { hostname, userInfo } from "node:os";

/** The person at this terminal: `ana@build-7`. Taken from $SERIN_ACTOR when a program asks for somebody. */
export function asker(): string {
  const named = process.env["SERIN_ACTOR"];
  if (named) return named;
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a number without a name.
    return `user ${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}
