// What is one service doing, and what may be done about it?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, Outlet } from "@tanstack/react-router";
import { useEffect } from "react";
import type { ServiceView } from "../../api/contract.ts";
import { Actions } from "../actions/actions.tsx";
import { targetOf, verbsOf } from "../actions/verbs.ts";
import { useServiceEvents } from "../data/live.ts";
import { records, service } from "../data/queries.ts";
import { liveReport } from "../data/report.ts";
import { HEALTH, releaseOf, releaseSign } from "../data/words.ts";
import { Icon } from "../parts/icon.tsx";
import { PausedNotice } from "../parts/paused.tsx";
import { Reading } from "../parts/reading.tsx";
import { Mark, Pill } from "../parts/sign.tsx";
import { Ago } from "../parts/time.tsx";
import { GatePanel } from "./gate.tsx";

const route = getRouteApi("/services/$name");

const TABS = [
  ["/services/$name", "Overview"],
  ["/services/$name/decisions", "Decisions"],
  ["/services/$name/revisions", "Revisions"],
  ["/services/$name/replicas", "Replicas"],
  ["/services/$name/plan", "Plan"],
  ["/services/$name/history", "History"],
] as const;

export function Service() {
  const { name } = route.useParams();
  useServiceEvents(name);
  const { data: view, error, failureReason } = useQuery(service(name));
  useEffect(() => {
    document.title = `${view ? `${releaseSign(releaseOf(view)).word}: ` : ""}${name} · Serin`;
  }, [name, view]);
  if (!view || error) return <Reading failure={error ?? failureReason} />;
  return (
    <div className="page service">
      <Head view={view} />
      <nav className="tabs" aria-label={`Of ${name}`}>
        {TABS.map(([to, label]) => (
          <Link key={to} to={to} params={{ name }} activeOptions={{ exact: true }}>
            {label}
          </Link>
        ))}
      </nav>
      <Outlet />
    </div>
  );
}

function Head({ view }: { readonly view: ServiceView }) {
  const { service: name, health, rollout, troubles, queued } = view;
  return (
    <header className="service-head">
      <p role="status" className="hidden">
        {`${name}: ${releaseSign(releaseOf(view)).word}, ${HEALTH[health].word}. ${stepOf(view)}`}
      </p>
      <div className="service-title">
        <p className="crumbs">
          <Link to="/">Fleet</Link> <span aria-hidden="true">/</span>
        </p>
        <h1>{name}</h1>
        <div className="signs">
          <Pill sign={releaseSign(releaseOf(view))} />
          <Mark sign={HEALTH[health]} />
        </div>
      </div>
      <Actions view={view} targetOf={targetOf} verbsOf={verbsOf} />
      <Headline view={view} />
      <GatePanel view={view} />
      <PausedNotice paused={rollout?.paused} />
      {Object.entries(troubles).map(([part, why]) => (
        <p className="notice warn" key={part}>
          <Icon name="warn" />
          <span>
            <span className="strong">{part}</span> {why}
          </span>
        </p>
      ))}
      {queued && (
        <p className="notice">
          <Icon name="clock" />
          <span>
            <code>{queued.revision}</code> waits for the end of this rollout, by {queued.actor},{" "}
            <Ago atMs={queued.atMs} />
          </span>
        </p>
      )}
    </header>
  );
}

/** Said aloud when it changes; how long something lasts is not. */
function stepOf({ rollout }: ServiceView): string {
  if (!rollout || rollout.phase === "ended") return "";
  return `Step ${rollout.cursor + 1} of ${rollout.steps.length}: ${rollout.steps[rollout.cursor] ?? ""}`;
}

/** What happens, in one sentence, and for how long. */
function Headline({ view }: { readonly view: ServiceView }) {
  const { service: name, rollout, address, stable, usual } = view;
  const { data } = useQuery(records(name));
  const report = liveReport(view, data);
  const busy = rollout?.phase !== "ended" && rollout !== undefined;
  return (
    <div className="headline">
      <p className="lead">{report ? sentence(report.headline) : "Nothing was rolled out yet."}</p>
      {busy && rollout.waiting && !rollout.gate && <p className="waits">{sentence(rollout.waiting.text)}</p>}
      <dl className="facts">
        {rollout && (
          <Fact name={busy ? "bringing" : "brought"}>
            <code>{rollout.candidate}</code>
            {rollout.replaces && (
              <>
                {" in place of "}
                <code>{rollout.replaces}</code>
              </>
            )}
          </Fact>
        )}
        {!busy && stable && (
          <Fact name="stable">
            <code>{stable}</code>
          </Fact>
        )}
        {usual && !busy && <Fact name="requests">{`${usual.perSecond.toFixed(0)}/s`}</Fact>}
        {address && (
          <Fact name="answers at">
            <span className="mono">{address}</span>
          </Fact>
        )}
        {view.preview && (
          <Fact name="preview">
            <span className="mono">{view.preview}</span>
          </Fact>
        )}
      </dl>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const sentence = (text: string): string => {
  const [first = ""] = text;
  return `${/^[a-z0-9.-]+\//u.test(text) ? first : first.toUpperCase()}${text.slice(1)}${/[.!?]$/u.test(text) ? "" : "."}`;
};
