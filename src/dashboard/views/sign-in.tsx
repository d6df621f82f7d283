// How does a person show who they are, and leave again?
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState, type FormEvent } from "react";
import type { Logins } from "../../api/contract.ts";
import { read, send } from "../data/http.ts";
import { useSession, whoami } from "../data/session.ts";
import { Dialog } from "../parts/dialog.tsx";
import { TroubleBox } from "../parts/trouble.tsx";

export function SignIn() {
  return (
    <main className="page sign-in">
      <img src="/serin.svg" alt="" width="56" height="56" />
      <h1>Sign in</h1>
      <p className="soft">This controller wants to know who looks at it.</p>
      <Ways />
    </main>
  );
}

/** What was looked at, and what was typed, stays behind it. */
export function SignInAgain() {
  return (
    <Dialog title="Your login has ended">
      <div className="sign-in">
        <p>
          This page stays where it is, and shows what was known last. Traffic and rollouts go on as they are. Nothing
          can be done from here until somebody has signed in again.
        </p>
        <Ways isAgain />
      </div>
    </Dialog>
  );
}

function Ways({ isAgain = false }: { readonly isAgain?: boolean }) {
  const { data, error } = useQuery({
    queryKey: ["logins"],
    queryFn: ({ signal }) => read<Logins>("/v1/logins", signal),
  });
  const here = location.pathname + location.search;
  if (error) return <TroubleBox error={error} />;
  if (!data) return null;
  return (
    <>
      {data.oidc && (
        <p className="buttons">
          <a className="button first" autoFocus={isAgain} href={`/v1/login?to=${encodeURIComponent(here)}`}>
            Sign in
          </a>
          {isAgain && (
            <a className="button" href="/v1/login" target="_blank" rel="noreferrer">
              In another tab, and keep what is typed here
            </a>
          )}
        </p>
      )}
      {data.oidc && data.token && <p className="soft or">or</p>}
      {data.token && <TokenForm isFirst={!data.oidc} />}
      {!data.oidc && !data.token && (
        <p>No browser can sign in here: the access file names neither tokens nor a provider.</p>
      )}
    </>
  );
}

function TokenForm({ isFirst }: { readonly isFirst: boolean }) {
  const id = useId();
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const enter = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setRefused(undefined);
    try {
      await send("POST", "/v1/login", { token: token.trim() });
      await client.invalidateQueries({ queryKey: whoami.queryKey });
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };
  return (
    <form className="token-form" onSubmit={(event) => void enter(event)}>
      <div className="field">
        <label htmlFor={id}>Token</label>
        <input
          id={id}
          type="password"
          autoComplete="off"
          className="mono"
          required
          maxLength={1000}
          placeholder="serin_…"
          value={token}
          onChange={({ target }) => setToken(target.value)}
        />
      </div>
      <button type="submit" className={`button${isFirst ? " first" : ""}`} disabled={isBusy}>
        {isBusy ? "Asking …" : "Sign in with it"}
      </button>
      {refused !== undefined && <TroubleBox error={refused} />}
    </form>
  );
}

/** Nothing where nobody had to log in. */
export function SignedIn() {
  const { actor, login, hasSession } = useSession();
  if (login === "none") return null;
  const leave = async (): Promise<void> => {
    const { to } = await send<{ readonly to: string }>("POST", "/v1/logout", {});
    location.assign(to);
  };
  return (
    <>
      <span className="soft actor">{actor}</span>
      {hasSession && (
        <button type="button" className="button plain" onClick={() => void leave()}>
          Sign out
        </button>
      )}
    </>
  );
}
