// Which rollouts were there, and what can be gone back to?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ServiceView } from "../../api/contract.ts";
import { duration, ms } from "../../core/units.ts";
import { VerbButton } from "../actions/actions.tsx";
import { VerbDialog } from "../actions/verb-dialog.tsx";
import { targetOf, undoTo } from "../actions/verbs.ts";
import { service } from "../data/queries.ts";
import { usePermissions } from "../data/session.ts";
import { releaseSign } from "../data/words.ts";
import { Panel } from "../parts/panel.tsx";
import { Pill } from "../parts/sign.tsx";
import { At } from "../parts/time.tsx";

const route = getRouteApi("/services/$name");

type Entry = ServiceView["history"][number];

export function History() {
  const { name } = route.useParams();
  const { data: view } = useQuery(service(name));
  const [to, setTo] = useState<Entry>();
  const [said, setSaid] = useState<string>();
  if (!view) return null;
  return (
    <div className="stack">
      <p role="status" className="said">
        {said}
      </p>
      <Panel title="Rollouts">
        {view.history.length === 0 ? (
          <p className="soft">No rollout has ended yet.</p>
        ) : (
          <ol className="history">
            {view.history.map((entry) => (
              <Rollout key={entry.number} entry={entry} view={view} onUndo={() => setTo(entry)} />
            ))}
          </ol>
        )}
      </Panel>
      {view.quarantine.length > 0 && (
        <Panel title="Quarantine">
          <p className="soft">These do not start again by themselves; a changed service has another name.</p>
          <ul className="rivals">
            {view.quarantine.map(({ revision, rollout, why }) => (
              <li key={revision}>
                <code>{revision}</code> {`since rollout ${rollout}: ${why}`}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {to && (
        <VerbDialog
          find={(now) => undoTo(now, to)}
          view={view}
          targetOf={targetOf}
          onDone={(text) => {
            setTo(undefined);
            setSaid(text);
          }}
        />
      )}
    </div>
  );
}

interface Props {
  readonly entry: Entry;
  readonly view: ServiceView;
  readonly onUndo: () => void;
}

function Rollout({ entry, view, onUndo }: Props) {
  const { number, candidate, outcome, why, startedMs, endedMs } = entry;
  const permissions = usePermissions(view.service);
  const isEarlier = outcome === "promoted" && candidate !== view.stable;
  return (
    <li>
      <div className="history-head">
        <Link to="/services/$name/rollouts/$number" params={{ name: view.service, number: String(number) }}>
          {`${view.service}/${number}`}
        </Link>
        <Pill sign={releaseSign({ phase: "ended", outcome, isPaused: false })} />
        <code className="soft">{candidate}</code>
        {candidate === view.stable && <span className="role stable">stable</span>}
        <span className="soft">
          <At atMs={startedMs} />
          {`, ${duration(ms(endedMs - startedMs))}`}
        </span>
        {isEarlier && (
          <VerbButton
            verb={{ ...undoTo(view, entry), label: "Go back to this" }}
            permissions={permissions}
            onAsk={onUndo}
          />
        )}
      </div>
      <p>{why}</p>
    </li>
  );
}
