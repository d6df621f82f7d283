// Which services are looked after together?
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { useGroupEvents } from "../data/live.ts";
import { groups } from "../data/queries.ts";
import { Reading } from "../parts/reading.tsx";
import { Pill } from "../parts/sign.tsx";
import { groupSign, placeOf } from "./group-words.ts";

export function Groups() {
  useGroupEvents();
  const { data, error, failureReason } = useQuery(groups);
  useEffect(() => {
    document.title = "Groups · Serin";
  }, []);
  if (!data || error) return <Reading failure={error ?? failureReason} />;
  return (
    <div className="page">
      <h1>Groups</h1>
      {data.length === 0 && (
        <p className="empty">
          No releases of several services and no façades. A file of <code>kind: Release</code> or{" "}
          <code>kind: Facade</code> makes one.
        </p>
      )}
      <ul className="group-list">
        {data.map((view) => (
          <li key={view.group} className="panel">
            <Link to="/groups/$kind/$name" params={placeOf(view.group)} className="strong">
              {view.group}
            </Link>
            <Pill sign={groupSign(view)} />
            <p className="soft">{view.members.map(({ name, text }) => `${name}: ${text}`).join(" · ")}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}
