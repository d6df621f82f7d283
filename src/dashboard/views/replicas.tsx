// What runs, why does something not, and what does it say?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { logs, service } from "../data/queries.ts";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { PoolList } from "./pool-list.tsx";

const route = getRouteApi("/services/$name");

export function Replicas() {
  const { name } = route.useParams();
  const { data: view } = useQuery(service(name));
  if (!view) return null;
  return (
    <div className="stack">
      {view.pools.map((pool) => (
        <Panel key={pool.pool} title={pool.pool}>
          <PoolList pools={[pool]} />
          <Logs name={name} pool={pool.pool} />
        </Panel>
      ))}
      {view.pools.length === 0 && <p className="soft">Nothing runs.</p>}
    </div>
  );
}

/** Read once they are looked at, and again as long as they are. */
function Logs({ name, pool }: { readonly name: string; readonly pool: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Last lines of the logs</summary>
      {isOpen && <Lines name={name} pool={pool} />}
    </details>
  );
}

function Lines({ name, pool }: { readonly name: string; readonly pool: string }) {
  const { data, error } = useQuery(logs(name, pool));
  if (error) return <TroubleBox error={error} />;
  if (!data) return <p className="soft">Reading …</p>;
  if (data.items.length === 0) return <p className="soft">Nothing is kept of what its replicas write.</p>;
  return data.items.map(({ replica, lines }) => (
    <section key={replica} aria-label={`Replica ${replica}`}>
      <h3 className="mono small">{replica}</h3>
      {lines.length === 0 ? (
        <p className="soft">It has written nothing.</p>
      ) : (
        <pre className="log" tabIndex={0} aria-label={`Last lines of ${replica}`}>
          {lines.join("\n")}
        </pre>
      )}
    </section>
  ));
}
