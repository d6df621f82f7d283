// Who did what, and is the record of it whole?
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import type { AuditCheck, AuditPage } from "../../api/contract.ts";
import { read } from "../data/http.ts";
import { Icon } from "../parts/icon.tsx";
import { Reading } from "../parts/reading.tsx";
import { At } from "../parts/time.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { auditRows, type AuditRow } from "./audit-rows.ts";

export function Audit() {
  const { data, error, failureReason } = useQuery({
    queryKey: ["audit", "verify"],
    gcTime: 0,
    queryFn: ({ signal }) => read<AuditCheck>("/v1/audit/verify", signal),
  });
  useEffect(() => {
    document.title = "Audit · Serin";
  }, []);
  if (!data || error) return <Reading failure={error ?? failureReason} />;
  return (
    <div className="page stack">
      <h1>Audit</h1>
      <p className={data.ok ? "soft" : "notice warn"}>
        <Icon name={data.ok ? "check" : "warn"} />{" "}
        {data.ok
          ? `${data.entries} entries; the chain of their hashes is whole.`
          : `Entry ${data.seq} was changed, or one before it taken out: ${data.why}`}
      </p>
      <Entries last={data.entries} />
    </div>
  );
}

const PAGE = 200;

/** Newest first, though they are read from the oldest on. */
function Entries({ last }: { readonly last: number }) {
  const { data, error, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["audit", last],
    gcTime: 0,
    initialPageParam: last,
    queryFn: ({ pageParam: to, signal }) => {
      const after = Math.max(0, to - PAGE);
      const limit = Math.max(1, to - after);
      return read<AuditPage>(`/v1/audit?after=${after}&limit=${limit}`, signal);
    },
    getNextPageParam: (_page, _pages, to) => (to > PAGE ? to - PAGE : undefined),
  });
  if (error) return <TroubleBox error={error} />;
  return (
    <>
      <div className="panel scroll" role="region" aria-label="Who did what" tabIndex={0}>
        <table>
          <thead>
            <tr>
              {["when", "who", "what", "reason", "what came of it"].map((name) => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {auditRows(data?.pages.flatMap(({ items }) => items) ?? []).map((row) => (
              <Row key={row.seq} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {hasNextPage && (
        <button type="button" className="button" onClick={() => void fetchNextPage()}>
          Show earlier
        </button>
      )}
    </>
  );
}

function Row({ row: { atMs, who, from, what, reason, became } }: { readonly row: AuditRow }) {
  return (
    <tr>
      <td className="nowrap">
        <At atMs={atMs} />
      </td>
      <td>
        {who}
        {from && <span className="soft small">{` from ${from}`}</span>}
      </td>
      <td>{what}</td>
      <td>{reason}</td>
      <td>{became}</td>
    </tr>
  );
}
