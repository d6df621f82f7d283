// What was decided in all rollouts of a service?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { DecisionRecord } from "../../core/engine/state.ts";
import { records } from "../data/queries.ts";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { DecisionList } from "./decision-list.tsx";

const route = getRouteApi("/services/$name");

/** Rollouts that are shown at once. */
const AT_ONCE = 5;

export function Decisions() {
  const { name } = route.useParams();
  const { data, error } = useQuery(records(name));
  const [shown, setShown] = useState(AT_ONCE);
  const rollouts = useMemo(() => byRollout(data ?? []), [data]);
  if (error) return <TroubleBox error={error} />;
  return (
    <div className="stack">
      {rollouts.slice(0, shown).map(([number, all]) => (
        <Panel
          key={number}
          title={number === 0 ? name : `${name}/${number}`}
          beside={
            number > 0 && (
              <Link to="/services/$name/rollouts/$number" params={{ name, number: String(number) }}>
                Report
              </Link>
            )
          }
        >
          <DecisionList records={all} />
        </Panel>
      ))}
      {rollouts.length > shown && (
        <button type="button" className="button" onClick={() => setShown(shown + AT_ONCE)}>
          Show earlier rollouts
        </button>
      )}
    </div>
  );
}

/** Newest first, as is each one's decisions. */
function byRollout(all: readonly DecisionRecord[]): readonly (readonly [number, readonly DecisionRecord[]])[] {
  return [...Map.groupBy(all.toReversed(), ({ rollout }) => rollout)].toSorted(([a], [b]) => b - a);
}
