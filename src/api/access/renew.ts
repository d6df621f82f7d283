// Is whoever has logged in still who may come in, without logging in again?
import { SerinError } from "../../core/issues.ts";
import type { House } from "./house.ts";
import { askAgain, isRefusal } from "./oidc.ts";
import type { Session } from "./sessions.ts";

/** Asks the provider again, once at a time for each session, while calls go on. */
export function renewals(house: Pick<House, "sessions" | "file" | "audit">): House["renew"] {
  const underWay = new Set<string>();
  const renew = async (shown: string, session: Session): Promise<void> => {
    const { sessions, audit } = house;
    const oidc = house.file()?.oidc;
    const { refreshToken, actor } = session;
    if (!oidc || refreshToken === undefined) return;
    try {
      const { actor: now, ...who } = await askAgain(oidc, refreshToken);
      if (now === actor) return await sessions.renew(shown, session, { ...who, actor });
      sessions.end(session);
    } catch (error) {
      if (!(error instanceof SerinError)) throw error;
      // A provider that cannot be reached says nothing: it is asked again, until the session's time is over.
      if (!isRefusal(error)) return;
      sessions.end(session);
      audit.note({
        kind: "logout",
        actor,
        login: "oidc",
        what: "the provider renews it no more",
        answer: "SERIN_LOGIN",
      });
    }
  };
  return (shown, session) => {
    if (underWay.has(session.id) || !house.sessions.isDue(session)) return;
    underWay.add(session.id);
    void renew(shown, session).finally(() => underWay.delete(session.id));
  };
}
