// Is whoever has logged in still who may come in, without logging in again?
import { messageOf, SerinError } from "../../core/issues.ts";
import type { OidcSettings } from "./file.ts";
import type { House } from "./house.ts";
import { askAgain, isRefusal, type LoggedIn } from "./oidc.ts";
import { isOf, type Session } from "./sessions.ts";

interface Renewing extends Pick<House, "sessions" | "file" | "audit"> {
  readonly say: (text: string) => void;
}

/** Asks the provider again, once at a time for each session, while calls go on. */
export function renewals({ sessions, audit, file, say }: Renewing): House["renew"] {
  const underWay = new Set<string>();
  const renew = async (shown: string, session: Session): Promise<void> => {
    const { oidc } = file() ?? {};
    const { refreshToken, actor } = session;
    if (!oidc || !isOf(session, oidc) || refreshToken === undefined) return;
    const answer = await answerOf(oidc, refreshToken);
    if (answer === "none") return;
    if (answer !== "no" && answer.actor === actor) return sessions.renew(shown, session, answer);
    const what = answer === "no" ? "the provider renews it no more" : "the provider names another person now";
    try {
      audit.note({ kind: "logout", actor, login: "oidc", what, answer: "SERIN_LOGIN" });
    } finally {
      sessions.end(session);
    }
  };
  return (shown, session) => {
    if (underWay.has(session.id) || !sessions.isDue(session)) return;
    underWay.add(session.id);
    void renew(shown, session)
      // Nobody waits for it: a full disk must not end the process.
      .catch((error: unknown) => say(`a login was not renewed as it should be: ${messageOf(error)}`))
      .finally(() => underWay.delete(session.id));
  };
}

/** A provider that cannot be reached says nothing: it is asked again, until the session's time is over. */
async function answerOf(oidc: OidcSettings, refreshToken: string): Promise<LoggedIn | "no" | "none"> {
  try {
    return await askAgain(oidc, refreshToken);
  } catch (error) {
    if (!(error instanceof SerinError)) throw error;
    return isRefusal(error) ? "no" : "none";
  }
}
