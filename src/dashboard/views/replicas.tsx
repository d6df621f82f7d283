// What runs, and why does something not?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { service } from "../data/queries.ts";
import { Panel } from "../parts/panel.tsx";
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
        </Panel>
      ))}
      {view.pools.length === 0 && <p className="soft">Nothing runs.</p>}
    </div>
  );
}
