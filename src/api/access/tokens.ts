// How does a program show who it is?
import { createHash, randomBytes } from "node:crypto";
import type { Ms } from "../../core/units.ts";
import type { TokenEntry } from "./file.ts";

/** Tells a leaked token from other texts, for whoever looks for them. */
const PREFIX = "serin_";

/**
 * A token: 256 bits of the system's dice. Nobody guesses those, however fast the hash: the slow and salted ones are for
 * passwords, which people choose.
 */
export function newToken(): { readonly token: string; readonly sha256: string } {
  const token = `${PREFIX}${randomBytes(32).toString("base64url")}`;
  return { token, sha256: hashOf(token) };
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

/** Whose token it is. Hashes are compared: the time that takes tells nothing of a token. */
export function tokenOwner(token: string, tokens: readonly TokenEntry[], nowMs: Ms): TokenEntry | undefined {
  return ownerOfHash(hashOf(token), tokens, nowMs);
}

/** The same by the token's hash. */
export function ownerOfHash(sha256: string, tokens: readonly TokenEntry[], nowMs: Ms): TokenEntry | undefined {
  const entry = tokens.find((one) => one.sha256 === sha256);
  return entry?.expiresMs !== undefined && entry.expiresMs <= nowMs ? undefined : entry;
}
