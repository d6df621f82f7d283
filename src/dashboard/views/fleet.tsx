// What goes on everywhere, and what needs a person first?
import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useWindowVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { rowsOf, useFleetEvents } from "../data/live.ts";
import { fleet } from "../data/queries.ts";
import type { ServiceSummary } from "../../api/contract.ts";
import { Reading } from "../parts/reading.tsx";
import { FleetRow } from "./fleet-row.tsx";
import { countsOf, SHOWS, sorted, type FleetSearch, type Show } from "./fleet-rows.ts";

const route = getRouteApi("/");

const NAMES: Readonly<Record<Show, string>> = {
  all: "All",
  attention: "Need attention",
  "under-way": "Under way",
  unwell: "Not well",
};

export function Fleet() {
  const { data, error, failureReason, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(fleet);
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const told = useFleetEvents(data?.pages[0]?.position);
  const search = useDeferredValue(route.useSearch());
  const all = useMemo(() => rowsOf(data?.pages ?? [], told), [data, told]);
  const rows = useMemo(() => sorted(all, search), [all, search]);
  const total = data?.pages[0]?.total ?? 0;
  useEffect(() => {
    document.title = "Fleet · Serin";
  }, []);
  if (!data || error) return <Reading failure={error ?? failureReason} />;
  return (
    <div className="page fleet">
      <h1 className="hidden">Fleet</h1>
      <Filters all={all} total={Math.max(total, all.length)} />
      <Table rows={rows} isEmpty={all.length === 0} />
    </div>
  );
}

function Filters({ all, total }: { readonly all: readonly ServiceSummary[]; readonly total: number }) {
  const search = route.useSearch();
  const navigate = useNavigate();
  const counts = useMemo(() => countsOf(all), [all]);
  const strategies = useMemo(
    () => [...new Set(all.flatMap(({ rollout }) => rollout?.strategy ?? []))].toSorted(),
    [all],
  );
  const go = (change: FleetSearch): void =>
    void navigate({ to: "/", search: clean({ ...search, ...change }), replace: true });
  return (
    <div className="filters">
      <nav aria-label="Which services" className="chips">
        {SHOWS.map((show) => (
          <Link
            key={show}
            to="/"
            search={clean({ ...search, show: show === "all" ? undefined : show })}
            className={`chip ${show}`}
            aria-current={(search.show ?? "all") === show ? "true" : undefined}
          >
            <span className="chip-count">{show === "all" ? total : counts[show]}</span> {NAMES[show]}
          </Link>
        ))}
      </nav>
      <label className="search">
        <span className="hidden">Part of a service’s name</span>
        <input
          type="search"
          placeholder="Find a service"
          defaultValue={search.q ?? ""}
          onChange={({ target }) => go({ q: target.value })}
        />
      </label>
      <label className="strategy">
        <span className="hidden">Strategy</span>
        <select value={search.strategy ?? ""} onChange={({ target }) => go({ strategy: target.value })}>
          <option value="">Any strategy</option>
          {strategies.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Nothing in an address that says nothing. */
const clean = (search: Readonly<Record<string, string | undefined>>): FleetSearch =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value)) as FleetSearch;

const NARROW = matchMedia("(max-width: 760px)");

function useRowHeight(): number {
  const [isNarrow, setNarrow] = useState(NARROW.matches);
  useEffect(() => {
    const change = (): void => setNarrow(NARROW.matches);
    NARROW.addEventListener("change", change);
    return () => NARROW.removeEventListener("change", change);
  }, []);
  return isNarrow ? 122 : 52;
}

const HEADS = ["Service", "Release", "Where it is", "Canary’s share", "Verdict", "Health"] as const;

function Table({ rows, isEmpty }: { readonly rows: readonly ServiceSummary[]; readonly isEmpty: boolean }) {
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => setMargin(body.current?.offsetTop ?? 0), []);
  const height = useRowHeight();
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => rows[index]?.service ?? index,
  });
  useEffect(() => virtual.measure(), [height, virtual]);
  if (rows.length === 0) return <Empty isEmpty={isEmpty} />;
  return (
    <div className="fleet-table" role="table" aria-label="Services" aria-rowcount={rows.length + 1}>
      <div role="rowgroup">
        <div role="row" className="fleet-row head" aria-rowindex={1}>
          {HEADS.map((name) => (
            <span role="columnheader" key={name}>
              {name}
            </span>
          ))}
        </div>
      </div>
      <div
        role="rowgroup"
        ref={body}
        className="fleet-body"
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={(event) => moveFocus(event, virtual)}
      >
        {virtual.getVirtualItems().map(({ index, key, start, size }) => {
          const row = rows[index];
          return row && <FleetRow key={key} row={row} index={index} place={{ top: start - margin, height: size }} />;
        })}
      </div>
    </div>
  );
}

/** Up and down go from row to row, also to those that are not drawn yet. */
function moveFocus(
  event: React.KeyboardEvent<HTMLElement>,
  virtual: Pick<Virtualizer<Window, Element>, "scrollToIndex">,
): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-index]") : null;
  if (step === undefined || !row) return;
  const index = Number(row.dataset["index"]) + step;
  const body = event.currentTarget;
  if (index < 0) return;
  event.preventDefault();
  virtual.scrollToIndex(index);
  requestAnimationFrame(() => body.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus());
}

function Empty({ isEmpty }: { readonly isEmpty: boolean }) {
  if (!isEmpty)
    return (
      <p className="empty">
        No service matches. <Link to="/">Show all</Link>
      </p>
    );
  return (
    <div className="empty">
      <h2>No service yet</h2>
      <p>
        Bring a first version with <code>serin apply FILE</code>, or look at what a file would do under{" "}
        <Link to="/plan">Plan</Link>.
      </p>
    </div>
  );
}
