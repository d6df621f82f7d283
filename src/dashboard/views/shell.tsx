// What stands around every view?
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useHas } from "../data/calls.ts";
import { useReach } from "../data/live.ts";
import { whoami } from "../data/session.ts";
import { timeText } from "../data/words.ts";
import { Icon } from "../parts/icon.tsx";
import { ThemeButton } from "../parts/theme.tsx";
import { SignedIn, SignIn, SignInAgain } from "./sign-in.tsx";
import { standsBy, StandsBy } from "./stands-by.tsx";

const PLACES = [
  ["/", "Fleet"],
  ["/groups", "Groups"],
  ["/plan", "Plan"],
] as const;

const AUDIT = ["/audit", "Audit"] as const;

/** One that stands by may lead at any time. */
const AGAIN_MS = 2_000;

export function Shell() {
  const refetchInterval = ({ state }: { readonly state: { readonly error: unknown } }) =>
    standsBy(state.error) && AGAIN_MS;
  const { data: { who, isOut = false } = {}, error } = useQuery({ ...whoami, refetchInterval });
  useBack(isOut);
  if (standsBy(error)) return <StandsBy error={error} />;
  if (isOut && !who) return <SignIn />;
  return (
    <>
      <Frame />
      {isOut && <SignInAgain />}
    </>
  );
}

/** What was refused meanwhile is read anew once somebody is logged in again. */
function useBack(isOut: boolean): void {
  const client = useQueryClient();
  const wasOut = useRef(false);
  useEffect(() => {
    if (wasOut.current && !isOut)
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "whoami" });
    wasOut.current = isOut;
  }, [client, isOut]);
}

function Frame() {
  const main = useRef<HTMLElement>(null);
  const router = useRouter();
  const places = useHas("/v1/audit") ? [...PLACES, AUDIT] : PLACES;
  // A reader of the screen is told of a new view, as a reload would.
  useEffect(
    () =>
      router.subscribe("onResolved", ({ fromLocation, pathChanged }) => {
        if (fromLocation && pathChanged) main.current?.focus({ preventScroll: true });
      }),
    [router],
  );
  return (
    <>
      <a className="skip" href="#main">
        To the content
      </a>
      <header className="top">
        <Link to="/" className="brand">
          <img src="/serin.svg" alt="" width="24" height="24" /> Serin
        </Link>
        <nav aria-label="Main">
          {places.map(([to, name]) => (
            <Link to={to} key={to} activeOptions={{ exact: to === "/", includeSearch: false }}>
              {name}
            </Link>
          ))}
        </nav>
        <div className="top-end">
          <Reached />
          <SignedIn />
          <ThemeButton />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

function Reached() {
  const reach = useReach();
  if (reach.kind === "none") return null;
  return (
    <span role="status" className={`reach ${reach.kind}`}>
      {reach.kind !== "lost" ? (
        <>
          <span className="dot" aria-hidden="true" /> live
        </>
      ) : (
        <>
          <Icon name="warn" size={14} /> {`cut off; as of ${timeText(reach.sinceMs)}`}
        </>
      )}
    </span>
  );
}

export function NotThere() {
  return (
    <div className="page empty">
      <h1>There is no such page</h1>
      <p>
        <Link to="/">All services</Link>
      </p>
    </div>
  );
}
