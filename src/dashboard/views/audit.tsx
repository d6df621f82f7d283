// Who did what, and is the record of it whole?
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { read } from "../data/http.ts";
import { Icon } from "../parts/icon.tsx";
import { Reading } from "../parts/reading.tsx";
import { At } from "../parts/time.tsx";
import { TroubleBox } from "../parts/trouble.tsx";

/** As the controller keeps it. */
interface Entry {
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** `asked` before it is done, `answered` after; `refused`: no right to it; `denied`: not let in. */
  readonly kind: string;
  readonly actor?: string | undefined;
  readonly from?: string | undefined;
  readonly what?: string | undefined;
  readonly service?: string | undefined;
  readonly reason?: string | undefined;
  readonly answer?: string | undefined;
}

/** Whether the chain of hashes holds; `seq` is the first entry that it does not hold for. */
interface Check {
  readonly ok: boolean;
  readonly entries: number;
  readonly seq?: number | undefined;
  readonly why?: string | undefined;
}

export function Audit() {
  const { data, error, failureReason } = useQuery({
    queryKey: ["audit", "verify"],
    gcTime: 0,
    queryFn: ({ signal }) => read<Check>("/v1/audit/verify", signal),
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
      return read<{ readonly items: readonly Entry[] }>(`/v1/audit?after=${after}&limit=${limit}`, signal);
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
            {data?.pages.map(({ items }) => items.toReversed().map((entry) => <Row key={entry.seq} entry={entry} />))}
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

function Row({ entry }: { readonly entry: Entry }) {
  const { at, kind, actor, from, what, service, reason, answer } = entry;
  return (
    <tr>
      <td className="nowrap">
        <At atMs={Date.parse(at)} />
      </td>
      <td>
        {actor ?? "nobody known"}
        {from && <span className="soft small">{` from ${from}`}</span>}
      </td>
      <td>{[what ?? kind, service].filter(Boolean).join(" ")}</td>
      <td>{reason}</td>
      <td>{answer ? `${kind}: ${answer}` : kind}</td>
    </tr>
  );
}
