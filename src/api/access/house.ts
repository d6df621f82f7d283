// What do the parts of access share?
import type { Clock } from "../../ports/clock.ts";
import type { Audit } from "./audit.ts";
import type { Places } from "./caller.ts";
import type { AccessFile } from "./file.ts";
import type { RateLimiterMemory } from "rate-limiter-flexible";
import type { Refusals } from "./refusals.ts";
import type { Session, Sessions } from "./sessions.ts";

export interface House {
  readonly clock: Clock;
  readonly audit: Audit;
  readonly refusals: Refusals;
  readonly sessions: Sessions;
  /** Asks the provider whether a session goes on, once half of its time is over. */
  readonly renew: (shown: string, session: Session) => void;
  /** Counts wrong tokens by address. */
  readonly wrongTokens: RateLimiterMemory;
  readonly places: Places;
  /** The token of whoever may read the state's folder. */
  readonly token: string;
  /** What whoever is not known is called, where the call does not say it. */
  readonly actor: string;
  /** The access file as it is now; nothing where there is none. */
  readonly file: () => AccessFile | undefined;
  /** Whether browsers come by https, so that cookies are for that alone. */
  readonly isSecure: () => boolean;
  /** Whether a browser of this machine may come in as it is. */
  readonly isAmbient: boolean;
  /** Whether a proxy in front says where calls come from. */
  readonly behindProxy: boolean;
}
