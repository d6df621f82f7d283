// How does somebody get a token?
import { newToken } from "../api/access/tokens.ts";
import type { Context } from "./io.ts";

/** Makes a token, shows it this once, and says what goes into the access file. Nothing is kept. */
export function tokenCommand(actor: string, { io, json }: Context): number {
  const { token, sha256 } = newToken();
  if (json) {
    io.out(JSON.stringify({ actor, token, sha256 }));
    return 0;
  }
  io.out(token);
  io.err("It is shown this once. In the access file, under tokens:");
  io.err(`  - { actor: ${JSON.stringify(actor)}, sha256: ${sha256} }`);
  return 0;
}
