// How does a person show who they are, and leave again?
import { send } from "../data/http.ts";
import { useSession } from "../data/session.ts";

export function SignIn() {
  const here = location.pathname + location.search;
  return (
    <main className="page empty">
      <h1>Sign in</h1>
      <p>This controller wants to know who looks at it.</p>
      <p>
        <a className="button first" href={`/v1/login?to=${encodeURIComponent(here)}`}>
          Sign in
        </a>
      </p>
    </main>
  );
}

/** Nothing where nobody had to log in. */
export function SignedIn() {
  const { actor, login } = useSession();
  if (login === "none") return null;
  const leave = async (): Promise<void> => {
    const { to } = await send<{ readonly to: string }>("POST", "/v1/logout", {});
    location.assign(to);
  };
  return (
    <>
      <span className="soft actor">{actor}</span>
      {login === "oidc" && (
        <button type="button" className="button plain" onClick={() => void leave()}>
          Sign out
        </button>
      )}
    </>
  );
}
