// Who has logged in with which browser, and until when?
import { createHash, hkdfSync, randomBytes } from "node:crypto";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import type { Clock } from "../../ports/clock.ts";
import { ms, type Ms } from "../../core/units.ts";
import type { OidcSettings } from "./file.ts";
import { forgetful, type Kept, type SessionStore } from "./session-file.ts";

/** Who has logged in, and what shows that a call comes from that one's own page. */
export interface Session {
  /** SHA-256 of what the browser shows. */
  readonly id: string;
  readonly actor: string;
  readonly groups: readonly string[];
  /** How that was shown: by the provider, or by a token that must still be in the access file. */
  readonly login: "oidc" | { readonly sha256: string };
  /** Where, with a login of OpenID Connect: no other provider can speak for it, or is shown what it gave. */
  readonly provider?: Pick<OidcSettings, "issuer" | "clientId"> | undefined;
  readonly csrf: string;
  /** Shown to the provider when the person logs out. */
  readonly idToken?: string | undefined;
  /** With which the provider is asked again whether the person is still who may come in. */
  readonly refreshToken?: string | undefined;
  readonly expiresMs: Ms;
  /** However often it is renewed. */
  readonly endsMs: Ms;
}

/** How long logins last, in milliseconds. */
interface Lasting {
  readonly lifetimeMs: Ms;
  readonly atMostMs: Ms;
}

/** A login that has begun must come to its end within this time, in milliseconds. */
export const LOGIN_MS = 10 * 60_000;

/** So many at once, so that they fill no disk: then the oldest ends. */
const MOST = 1_000;

/** So many at once are one person's, or one token's: whoever logs in again and again ends logins of its own alone. */
const MOST_EACH = 50;

/** What is said of whoever logs in. */
type Who = Pick<Session, "actor" | "groups" | "login" | "provider" | "idToken" | "refreshToken">;

/** Whether a session is of a login at this provider. */
export const isOf = ({ provider }: Session, oidc: OidcSettings | undefined): boolean =>
  oidc !== undefined && provider?.issuer === oidc.issuer && provider.clientId === oidc.clientId;

/**
 * The browser keeps 256 bits of the system's dice, and Serin their hash. What there is to know of the session is encrypted
 * with a key made of those bits: whoever reads the store, or a copy of it, can neither come in nor see who has.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #lasting: () => Lasting;
  readonly #store: SessionStore;
  readonly #kept: Map<string, Kept>;
  /** Those that were read, so that each is opened once. */
  readonly #open = new Map<string, Session>();
  /** Of logins under way; they live no longer than this process. */
  readonly #key = randomBytes(32);

  constructor(clock: Clock, lasting: () => Lasting, store: SessionStore = forgetful) {
    this.#clock = clock;
    this.#lasting = lasting;
    this.#store = store;
    this.#kept = new Map(store.load().map((one) => [one.hash, one]));
  }

  /** A new session, and the text that stands for it. It ends `by` a moment, if one is given. */
  async open(who: Who, by?: Ms): Promise<{ session: Session; shown: string }> {
    const shown = randomBytes(32).toString("base64url");
    const { lifetimeMs, atMostMs } = this.#lasting();
    const nowMs = this.#clock.now();
    // Without a provider that can be asked again there is nothing to renew it by.
    const isRenewable = who.refreshToken !== undefined;
    const endsMs = ms(Math.min(by ?? Infinity, nowMs + (isRenewable ? Math.max(lifetimeMs, atMostMs) : lifetimeMs)));
    const session: Session = {
      ...who,
      id: hashOf(shown),
      csrf: randomBytes(32).toString("base64url"),
      expiresMs: ms(Math.min(endsMs, nowMs + lifetimeMs)),
      endsMs,
    };
    const sealed = await sealedFor(shown, session);
    this.#makeRoom(who.actor);
    this.#keep(session, sealed);
    return { session, shown };
  }

  /** The session that a text stands for; nothing when it is over, or was never one. */
  async read(shown: string): Promise<Session | undefined> {
    const hash = hashOf(shown);
    const kept = this.#kept.get(hash);
    if (!kept) return undefined;
    const unsealed = this.#open.get(hash) ?? (await unseal<Session>("session", kept.sealed, this.#at(keyOf(shown))));
    const session = unsealed && this.now(unsealed);
    if (!session) return undefined;
    this.#open.set(hash, session);
    return session;
  }

  /** A session that was read, as it was read or renewed since; nothing once it is over. */
  now(session: Session): Session | undefined {
    const now = this.#open.get(session.id) ?? session;
    return this.#kept.has(session.id) && this.#clock.now() < now.expiresMs ? now : undefined;
  }

  isLive(session: Session): boolean {
    return this.now(session) !== undefined;
  }

  /** Whether half of its time is over, so that the provider is asked. */
  isDue({ expiresMs, endsMs, refreshToken }: Session): boolean {
    const left = expiresMs - this.#clock.now();
    return refreshToken !== undefined && expiresMs < endsMs && left < this.#lasting().lifetimeMs / 2;
  }

  /** Goes on for its lifetime from now on, with what the provider says of the person now; never beyond its end. */
  async renew(shown: string, session: Session, who: Omit<Who, "login" | "provider">): Promise<void> {
    if (!this.isLive(session)) return;
    const expiresMs = ms(Math.min(session.endsMs, this.#clock.now() + this.#lasting().lifetimeMs));
    const renewed = { ...session, ...who, expiresMs };
    const sealed = await sealedFor(shown, renewed);
    // Who has logged out meanwhile stays out.
    if (this.isLive(session)) this.#keep(renewed, sealed);
  }

  /** Ends a session, wherever a copy of its text may be. */
  end({ id }: Session): void {
    this.#open.delete(id);
    if (this.#kept.delete(id)) this.#save();
  }

  /** What a login needs to come to its end in the browser where it began. */
  async begin(login: object): Promise<string> {
    return seal("login", login, { key: this.#key, untilMs: ms(this.#clock.now() + LOGIN_MS) });
  }

  async begun<T>(sealed: string): Promise<T | undefined> {
    return unseal<T>("login", sealed, this.#at(this.#key));
  }

  #keep(session: Session, sealed: string): void {
    const { id, endsMs } = session;
    this.#kept.set(id, { hash: id, sealed, endsMs });
    this.#open.set(id, session);
    this.#save();
  }

  /** Ends the oldest logins of somebody who begins one too many. Whose those are that nobody has shown since a restart is not known. */
  #makeRoom(actor: string): void {
    const own = [...this.#kept.keys()].filter((hash) => this.#open.get(hash)?.actor === actor);
    for (const hash of own.slice(0, Math.max(0, own.length + 1 - MOST_EACH))) this.#drop(hash);
  }

  #drop(hash: string): void {
    this.#kept.delete(hash);
    this.#open.delete(hash);
  }

  #save(): void {
    const nowMs = this.#clock.now();
    for (const { hash, endsMs } of this.#kept.values()) if (endsMs <= nowMs) this.#drop(hash);
    for (const hash of this.#kept.keys()) {
      if (this.#kept.size <= MOST) break;
      this.#drop(hash);
    }
    this.#store.save([...this.#kept.values()]);
  }

  #at(key: Uint8Array): { key: Uint8Array; nowMs: Ms } {
    return { key, nowMs: this.#clock.now() };
  }
}

const hashOf = (shown: string): string => createHash("sha256").update(shown).digest("hex");

/** Another one than the hash, which the store has. */
const keyOf = (shown: string): Uint8Array => new Uint8Array(hkdfSync("sha256", shown, "", "serin session", 32));

const sealedFor = (shown: string, session: Session): Promise<string> =>
  seal("session", session, { key: keyOf(shown), untilMs: session.endsMs });

async function seal(
  purpose: string,
  what: object,
  { key, untilMs }: { readonly key: Uint8Array; readonly untilMs: Ms },
): Promise<string> {
  return new EncryptJWT({ what })
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .setAudience(purpose)
    .setExpirationTime(Math.ceil(untilMs / 1_000))
    .encrypt(key);
}

async function unseal<T>(
  purpose: string,
  sealed: string,
  { key, nowMs }: { readonly key: Uint8Array; readonly nowMs: Ms },
): Promise<T | undefined> {
  try {
    const { payload } = await jwtDecrypt(sealed, key, {
      audience: purpose,
      currentDate: new Date(nowMs),
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
