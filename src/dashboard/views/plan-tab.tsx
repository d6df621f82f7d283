// What does the rollout under way do, step by step?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { read, Refused } from "../data/http.ts";
import { service } from "../data/queries.ts";
import { TroubleBox } from "../parts/trouble.tsx";
import type { PlanView as Plan } from "../../api/contract.ts";
import { PlanView } from "./plan-view.tsx";

const route = getRouteApi("/services/$name");

export function PlanTab() {
  const { name } = route.useParams();
  const { data: view } = useQuery(service(name));
  const number = view?.rollout?.number;
  const { data, error } = useQuery({
    queryKey: ["plan", name, number],
    enabled: number !== undefined,
    queryFn: ({ signal }) => read<Plan>(`/v1/services/${encodeURIComponent(name)}/plan`, signal),
  });
  if (number === undefined) return <p className="empty">Nothing was rolled out yet.</p>;
  if (error instanceof Refused && error.trouble.code === "SERIN_NOTHING_PLANNED")
    return <p className="empty">Nothing is under way. What a file would do is told under Plan, above.</p>;
  if (error) return <TroubleBox error={error} />;
  return <div className="stack">{data ? <PlanView plan={data} /> : <p className="soft">Reading …</p>}</div>;
}
