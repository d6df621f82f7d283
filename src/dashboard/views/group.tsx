// How far are services that are looked after together?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { GroupView, MemberView } from "../../api/contract.ts";
import { Actions } from "../actions/actions.tsx";
import { groupTarget, groupVerbs } from "../actions/group-verbs.ts";
import { useGroupEvents } from "../data/live.ts";
import { groups } from "../data/queries.ts";
import { Icon } from "../parts/icon.tsx";
import { PausedNotice } from "../parts/paused.tsx";
import { Panel } from "../parts/panel.tsx";
import { Reading } from "../parts/reading.tsx";
import { Pill } from "../parts/sign.tsx";
import { Ago } from "../parts/time.tsx";
import { DecisionList } from "./decision-list.tsx";
import { FacadeMap } from "./facade-map.tsx";
import { groupSign, isFacade, MEMBER } from "./group-words.ts";

const route = getRouteApi("/groups/$kind/$name");

export function Group() {
  const { kind, name } = route.useParams();
  useGroupEvents();
  const { data, error, failureReason } = useQuery(groups);
  const view = data?.find(({ group }) => group === `${kind}/${name}`);
  useEffect(() => {
    document.title = `${kind}/${name} · Serin`;
  }, [kind, name]);
  if (!data || error) return <Reading failure={error ?? failureReason} />;
  if (!view)
    return (
      <div className="page empty">
        <h1>{`There is no group ${kind}/${name}`}</h1>
        <p>
          <Link to="/groups">All groups</Link>
        </p>
      </div>
    );
  return (
    <div className="page service">
      <Head view={view} />
      <div className="overview">
        <div className="main-column">
          <Panel title={isFacade(view) ? "Where requests go" : "Members"}>
            {isFacade(view) ? <FacadeMap view={view} /> : <Members view={view} />}
          </Panel>
          {view.next.length > 0 && (
            <Panel title="What is next">
              <ul className="missing">
                {view.next.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
        <div className="side-column">
          <Panel title="Decisions">
            <DecisionList records={view.recent.toReversed()} />
          </Panel>
        </div>
      </div>
    </div>
  );
}

function Head({ view }: { readonly view: GroupView }) {
  return (
    <header className="service-head">
      <div className="service-title">
        <p className="crumbs">
          <Link to="/groups">Groups</Link> <span aria-hidden="true">/</span>
        </p>
        <h1>{view.group}</h1>
        <div className="signs">
          <Pill sign={groupSign(view)} />
        </div>
      </div>
      <Actions view={view} targetOf={groupTarget} verbsOf={groupVerbs} />
      <div className="headline">
        {view.why && view.phase !== "forward" && <p className="lead">{view.why}</p>}
        <p className="soft">
          {`Begun `}
          <Ago atMs={view.startedMs} />
          {view.address && (
            <>
              , answers at <span className="mono">{view.address}</span>
            </>
          )}
        </p>
      </div>
      <PausedNotice paused={view.paused} />
      {view.bakesSinceMs !== undefined && (
        <p className="notice">
          <Icon name="clock" />
          <span>
            {"The wave is promoted, and watched since "}
            <Ago atMs={view.bakesSinceMs} />
          </span>
        </p>
      )}
      {Object.entries(view.troubles).map(([part, why]) => (
        <p className="notice warn" key={part}>
          <Icon name="warn" />
          <span>
            <span className="strong">{part}</span> {why}
          </span>
        </p>
      ))}
    </header>
  );
}

/** Wave after wave, as a release brings them. */
function Members({ view }: { readonly view: GroupView }) {
  const waves = [...Map.groupBy(view.members, ({ wave = 0 }) => wave)].toSorted(([a], [b]) => a - b);
  return (
    <ol className="waves">
      {waves.map(([wave, members]) => (
        <li key={wave}>
          <h3>{`Wave ${wave + 1}`}</h3>
          <ul>
            {members.map((member) => (
              <Member key={member.service} member={member} />
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function Member({ member }: { readonly member: MemberView }) {
  const { service, name, at, text, why, needs = [] } = member;
  return (
    <li className="member">
      <p className="member-name">
        <Link to="/services/$name" params={{ name: service }} className="strong">
          {name}
        </Link>
        <Pill sign={MEMBER[at]} />
      </p>
      <p className="soft">{[text, ...(needs.length > 0 ? [`needs ${needs.join(", ")}`] : [])].join("; ")}</p>
      {why && !text.includes(why) && <p>{why}</p>}
    </li>
  );
}
