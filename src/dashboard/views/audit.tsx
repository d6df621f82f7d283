// Who did what, and is the record of it whole?
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { read } from "../data/http.ts";
import { At } from "../parts/time.tsx";
import { Icon } from "../parts/icon.tsx";
import { TroubleBox } from "../parts/trouble.tsx";

interface Entry {
  readonly number: number;
  readonly atMs: number;
  readonly actor: string;
  readonly what: string;
  readonly reason?: string | undefined;
  readonly service?: string | undefined;
}

const PAGE = 200;

export function Audit() {
  const { data, error, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      read<{ readonly items: readonly Entry[] }>(`/v1/audit?after=${pageParam}&limit=${PAGE}`, signal),
    getNextPageParam: ({ items }) => (items.length === PAGE ? items.at(-1)?.number : undefined),
  });
  useEffect(() => {
    document.title = "Audit · Serin";
  }, []);
  return (
    <div className="page">
      <h1>Audit</h1>
      <Whole />
      {error && <TroubleBox error={error} />}
      {data && (
        <div className="panel scroll" role="region" aria-label="Who did what" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">when</th>
                <th scope="col">who</th>
                <th scope="col">what</th>
                <th scope="col">reason</th>
              </tr>
            </thead>
            <tbody>
              {data.pages
                .flatMap(({ items }) => items)
                .toReversed()
                .map(({ number, atMs, actor, what, reason, service }) => (
                  <tr key={number}>
                    <td className="nowrap">
                      <At atMs={atMs} />
                    </td>
                    <td>{actor}</td>
                    <td>{service ? `${service}: ${what}` : what}</td>
                    <td>{reason}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <button type="button" className="button" onClick={() => void fetchNextPage()}>
          Show more
        </button>
      )}
    </div>
  );
}

function Whole() {
  const { data } = useQuery({
    queryKey: ["audit", "verify"],
    queryFn: ({ signal }) => read<{ readonly ok: boolean; readonly text?: string }>("/v1/audit/verify", signal),
  });
  if (!data) return null;
  return (
    <p className={data.ok ? "soft" : "notice warn"}>
      <Icon name={data.ok ? "check" : "warn"} />{" "}
      {data.text ?? (data.ok ? "No entry was changed or taken out." : "The record was changed.")}
    </p>
  );
}
