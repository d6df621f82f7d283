// What runs, and what does it say?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { PoolView } from "../../api/contract.ts";
import { useHas } from "../data/calls.ts";
import { readText } from "../data/http.ts";
import { service } from "../data/queries.ts";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { PoolList } from "./pool-list.tsx";

const route = getRouteApi("/services/$name");

/** Lines of a log that are shown. */
const TAIL = 200;

export function Replicas() {
  const { name } = route.useParams();
  const { data: view } = useQuery(service(name));
  const hasLogs = useHas("/v1/services/{name}/logs");
  if (!view) return null;
  return (
    <div className="stack">
      {view.pools.map((pool) => (
        <Panel key={pool.pool} title={pool.pool}>
          <PoolList pools={[pool]} />
          {hasLogs && <Logs name={name} pool={pool} />}
        </Panel>
      ))}
      {view.pools.length === 0 && <p className="soft">Nothing runs.</p>}
    </div>
  );
}

function Logs({ name, pool }: { readonly name: string; readonly pool: PoolView }) {
  const [replica, setReplica] = useState<number>();
  const numbers = Array.from({ length: pool.wanted }, (_, index) => index + 1);
  return (
    <div className="logs">
      <div className="buttons" role="group" aria-label={`Logs of ${pool.pool}`}>
        {numbers.map((number) => (
          <button
            key={number}
            type="button"
            className="button"
            aria-pressed={replica === number}
            onClick={() => setReplica(replica === number ? undefined : number)}
          >
            {`Log of replica ${number}`}
          </button>
        ))}
      </div>
      {replica !== undefined && <Log name={name} pool={pool.pool} replica={replica} />}
    </div>
  );
}

/** A log is read again while it is looked at. */
const AGAIN_MS = 2_000;

function Log({ name, pool, replica }: { readonly name: string; readonly pool: string; readonly replica: number }) {
  const path = `/v1/services/${encodeURIComponent(name)}/logs?pool=${encodeURIComponent(pool)}&replica=${replica}&tail=${TAIL}`;
  const { data, error } = useQuery({
    queryKey: ["logs", path],
    queryFn: ({ signal }) => readText(path, signal),
    refetchInterval: ({ state }) => (state.error ? false : AGAIN_MS),
  });
  if (error) return <TroubleBox error={error} />;
  if (data === undefined) return <p className="soft">Reading …</p>;
  if (data.trim() === "") return <p className="soft">It has written nothing.</p>;
  return (
    <pre className="log" tabIndex={0} aria-label={`Last lines of replica ${replica} of ${pool}`}>
      {data}
    </pre>
  );
}
