// How is a login kept in a browser, where nobody can read or change it?
import { randomBytes, randomUUID } from "node:crypto";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import type { Clock } from "../../ports/clock.ts";
import { ms, type Ms } from "../../core/units.ts";

/** Who has logged in, and what shows that a call comes from that one's own page. */
export interface Session {
  readonly id: string;
  readonly actor: string;
  readonly groups: readonly string[];
  readonly csrf: string;
  /** Shown to the provider when the person logs out. */
  readonly idToken?: string | undefined;
  readonly expiresMs: Ms;
}

interface Key {
  readonly id: string;
  readonly secret: Uint8Array;
  readonly madeMs: Ms;
}

/** A login that has begun must come to its end within this time, in milliseconds. */
export const LOGIN_MS = 10 * 60_000;

/**
 * Sessions and logins under way, encrypted (A256GCM) into what the browser keeps. The keys are this process' own and
 * change with time: nobody has to keep them, and nothing that was encrypted lives longer than the process.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #lifetimeMs: () => Ms;
  #keys: readonly Key[] = [];
  /** Sessions that were logged out, until they would have ended. */
  readonly #over = new Map<string, Ms>();

  constructor(clock: Clock, lifetimeMs: () => Ms) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
  }

  /** A new session, and the text that stands for it. */
  async open(who: Pick<Session, "actor" | "groups" | "idToken">): Promise<{ session: Session; sealed: string }> {
    const expiresMs = ms(this.#clock.now() + this.#lifetimeMs());
    const session = { ...who, id: randomUUID(), csrf: randomBytes(32).toString("base64url"), expiresMs };
    // The provider's own token is left out where it would not fit into a cookie.
    const sealed = await this.#seal("session", session, expiresMs);
    if (sealed.length <= MOST_LETTERS || who.idToken === undefined) return { session, sealed };
    return { session, sealed: await this.#seal("session", { ...session, idToken: undefined }, expiresMs) };
  }

  /** The session that a text stands for; nothing when it is over, or was never one. */
  async read(sealed: string): Promise<Session | undefined> {
    const session = await this.#unseal<Session>("session", sealed);
    return session && this.isLive(session) ? session : undefined;
  }

  /** Whether a session that was read goes on. */
  isLive({ id, expiresMs }: Session): boolean {
    return !this.#over.has(id) && this.#clock.now() < expiresMs;
  }

  /** Ends a session, wherever a copy of its text may be. */
  end({ id, expiresMs }: Session): void {
    const nowMs = this.#clock.now();
    for (const [other, untilMs] of this.#over) if (untilMs <= nowMs) this.#over.delete(other);
    this.#over.set(id, expiresMs);
  }

  /** What a login needs to come to its end in the browser where it began. */
  async begin(login: object): Promise<string> {
    return this.#seal("login", login, ms(this.#clock.now() + LOGIN_MS));
  }

  async begun<T>(sealed: string): Promise<T | undefined> {
    return this.#unseal<T>("login", sealed);
  }

  async #seal(purpose: string, what: object, expiresMs: Ms): Promise<string> {
    const { id, secret } = this.#key();
    return new EncryptJWT({ what })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: id })
      .setAudience(purpose)
      .setExpirationTime(Math.floor(expiresMs / 1_000))
      .encrypt(secret);
  }

  async #unseal<T>(purpose: string, sealed: string): Promise<T | undefined> {
    try {
      const { payload } = await jwtDecrypt(sealed, ({ kid }) => this.#secret(kid), {
        audience: purpose,
        currentDate: new Date(this.#clock.now()),
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      });
      return payload["what"] as T;
    } catch (error) {
      // Too old, of another process, or made up: none of them is a session.
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** The newest key. One that is as old as a session may be is followed by a new one, and kept for as long again. */
  #key(): Key {
    const nowMs = this.#clock.now();
    const lifetimeMs = Math.max(this.#lifetimeMs(), LOGIN_MS);
    const [newest] = this.#keys;
    if (newest && nowMs - newest.madeMs < lifetimeMs) return newest;
    const key = { id: randomUUID(), secret: randomBytes(32), madeMs: nowMs };
    this.#keys = [key, ...this.#keys.filter(({ madeMs }) => nowMs - madeMs < 2 * lifetimeMs)];
    return key;
  }

  #secret(kid: string | undefined): Uint8Array {
    const key = this.#keys.find(({ id }) => id === kid);
    if (!key) throw new errors.JWEDecryptionFailed("an unknown key");
    return key.secret;
  }
}

/** Browsers keep cookies of 4096 bytes, their name and attributes included. */
const MOST_LETTERS = 3_800;
