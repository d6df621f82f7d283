// How does the page keep up with what changes?
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { GroupView, ServiceSummary, ServicesPage } from "../../api/contract.ts";
import { streamRefused } from "./http.ts";
import { keys } from "./queries.ts";

/** Whether what is shown is what is there now. */
type Reach = { readonly kind: "live" | "none" } | { readonly kind: "lost"; readonly sinceMs: number };

let reach: Reach = { kind: "none" };
const listeners = new Set<() => void>();

function setReach(kind: Reach["kind"]): void {
  if (reach.kind === kind) return;
  reach = kind === "lost" ? { kind, sinceMs: Date.now() } : { kind };
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useReach = (): Reach => useSyncExternalStore(subscribe, () => reach);

/** A stream that the browser gave up is opened anew after so long. */
const AGAIN_MS = 3_000;
/** Many services change in one look: rows are changed together. */
const TOGETHER_MS = 200;

type Handlers = Readonly<Record<string, (data: unknown) => void>>;

/**
 * Follows a stream of events until its answer is called. The browser resumes a stream that was cut by the place of its
 * last event; `readAnew` is called once whatever may have been missed: when it was cut off, or the place is forgotten.
 */
function follow(path: string, handlers: Handlers, readAnew: () => void): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasCut = false;
  const open = (): void => {
    source = new EventSource(path);
    source.addEventListener("open", () => {
      setReach("live");
      if (wasCut) readAnew();
      wasCut = false;
    });
    source.addEventListener("error", () => {
      setReach("lost");
      wasCut = true;
      if (source.readyState !== EventSource.CLOSED) return;
      streamRefused();
      timer = setTimeout(open, AGAIN_MS);
    });
    source.addEventListener("reset", readAnew);
    for (const [name, handle] of Object.entries(handlers))
      source.addEventListener(name, (event: MessageEvent<string>) => handle(JSON.parse(event.data)));
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
    setReach("none");
  };
}

/** Rows as they were told; nothing for a service that is gone. */
export type ToldRows = ReadonlyMap<string, ServiceSummary | undefined>;

const NOTHING: ToldRows = new Map();

/**
 * What was told of the fleet since the place at which it was read. It is kept beside the pages and not in them: a page that is
 * being read would be put in the place of all that was changed meanwhile.
 */
export function useFleetEvents(position: string | undefined): ToldRows {
  const client = useQueryClient();
  const [told, setTold] = useState<{ readonly since: string | undefined; readonly rows: ToldRows }>();
  useEffect(() => {
    if (position === undefined) return undefined;
    const rows = new Map<string, ServiceSummary | undefined>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const change = (name: string, row: ServiceSummary | undefined): void => {
      rows.set(name, row);
      timer ??= setTimeout(() => {
        timer = undefined;
        setTold({ since: position, rows: new Map(rows) });
      }, TOGETHER_MS);
    };
    const end = follow(
      `/v1/events?after=${encodeURIComponent(position)}`,
      {
        service: (data) => change((data as ServiceSummary).service, data as ServiceSummary),
        gone: (data) => change((data as Gone).service, undefined),
      },
      () => void client.resetQueries({ queryKey: keys.fleet }),
    );
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [client, position]);
  return told && told.since === position ? told.rows : NOTHING;
}

interface Gone {
  readonly service: string;
}

/** Keeps the groups as they are now. */
export function useGroupEvents(): void {
  const client = useQueryClient();
  useEffect(() => {
    const change = (of: (groups: readonly GroupView[]) => readonly GroupView[]): void =>
      void client.setQueryData<readonly GroupView[]>(keys.groups, (before) => before && of(before));
    return follow(
      "/v1/events",
      {
        group: (data) => change((before) => withGroup(before, data as GroupView)),
        gone: (data) => change((before) => before.filter(({ group }) => group !== (data as Gone).service)),
      },
      () => void client.invalidateQueries({ queryKey: keys.groups }),
    );
  }, [client]);
}

function withGroup(groups: readonly GroupView[], group: GroupView): readonly GroupView[] {
  const others = groups.filter((each) => each.group !== group.group);
  return [...others, group].toSorted((a, b) => a.group.localeCompare(b.group));
}

/** Every service once, as it is known last; those that came meanwhile first. A row may have been read on two pages. */
export function rowsOf(pages: readonly ServicesPage[], told: ToldRows): readonly ServiceSummary[] {
  const rows = new Map<string, ServiceSummary>();
  for (const row of pages.flatMap(({ items }) => items))
    if ((rows.get(row.service)?.version ?? -1) <= row.version) rows.set(row.service, row);
  const added: ServiceSummary[] = [];
  for (const [name, row] of told) {
    const known = rows.get(name);
    if (!row) rows.delete(name);
    else if (!known) added.push(row);
    // A page may have been read after the event was sent.
    else if (known.version <= row.version) rows.set(name, row);
  }
  return [...added, ...rows.values()];
}

/** Keeps the view of one service and its decisions as they are now. */
export function useServiceEvents(name: string): void {
  const client = useQueryClient();
  useEffect(
    () =>
      follow(
        `/v1/events?service=${encodeURIComponent(name)}`,
        {
          view: (data) => void client.setQueryData(keys.service(name), data),
          // What is told of a decision leaves its evidence out.
          record: () => void client.invalidateQueries({ queryKey: keys.records(name) }),
          gone: () => {
            client.removeQueries({ queryKey: keys.records(name) });
            void client.invalidateQueries({ queryKey: keys.service(name) });
          },
        },
        () => void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(name) }),
      ),
    [client, name],
  );
}
