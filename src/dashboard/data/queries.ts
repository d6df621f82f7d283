// What is asked of the controller, and under which key is it kept?
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { GroupView, LogsView, RevisionView, ServiceView, ServicesPage } from "../../api/contract.ts";
import type { DecisionRecord } from "../../core/engine/state.ts";
import { read } from "./http.ts";

/** Rows of a page: the first one is shown while the others come. */
const PAGE = 1_000;

const at = (service: string): string => `/v1/services/${encodeURIComponent(service)}`;

export const keys = {
  fleet: ["fleet"],
  service: (name: string) => ["service", name],
  records: (name: string) => ["records", name],
  groups: ["groups"],
} as const;

const BY_NAME = "&order=name";

/** Every service: first what needs attention, then all of them in an order in which none moves meanwhile. */
export const fleet = infiniteQueryOptions({
  queryKey: keys.fleet,
  initialPageParam: "",
  queryFn: ({ pageParam, signal }) => read<ServicesPage>(`/v1/services?limit=${PAGE}${pageParam}`, signal),
  getNextPageParam: ({ next }, { length }) => {
    if (next === undefined) return undefined;
    return length === 1 ? BY_NAME : `${BY_NAME}&cursor=${encodeURIComponent(next)}`;
  },
  // Nobody follows it while another view is open.
  gcTime: 0,
  staleTime: Infinity,
});

export const service = (name: string) =>
  queryOptions({
    queryKey: keys.service(name),
    queryFn: async ({ signal, client }) => {
      const view = await read<ServiceView>(at(name), signal);
      // The stream may have told of a later moment meanwhile.
      const told = client.getQueryData<ServiceView>(keys.service(name));
      return told && told.nowMs > view.nowMs ? told : view;
    },
  });

/** Decisions of a service with their evidence, oldest first. Read again, only those that are new are asked for. */
export const records = (name: string) =>
  queryOptions({
    queryKey: keys.records(name),
    queryFn: async ({ signal, client }): Promise<readonly DecisionRecord[]> => {
      const all = [...(client.getQueryData<readonly DecisionRecord[]>(keys.records(name)) ?? [])];
      let page: readonly DecisionRecord[];
      do {
        const after = all.at(-1)?.version ?? 0;
        page = await read<readonly DecisionRecord[]>(`${at(name)}/records?after=${after}&limit=${RECORDS}`, signal);
        all.push(...page);
      } while (page.length >= RECORDS);
      return all;
    },
  });

const RECORDS = 1_000;

export const revisions = (name: string, version: number) =>
  queryOptions({
    queryKey: ["revisions", name, version],
    queryFn: ({ signal }) => read<{ readonly items: readonly RevisionView[] }>(`${at(name)}/revisions`, signal),
    placeholderData: (before) => before,
  });

/** Lines go on while they are looked at. */
const LINES_MS = 2_000;

export const logs = (name: string, pool: string) =>
  queryOptions({
    queryKey: ["logs", name, pool],
    queryFn: ({ signal }) => read<LogsView>(`${at(name)}/logs?pool=${encodeURIComponent(pool)}`, signal),
    gcTime: 0,
    refetchInterval: ({ state }) => (state.error ? false : LINES_MS),
  });

export const groups = queryOptions({
  queryKey: keys.groups,
  queryFn: ({ signal }) => read<readonly GroupView[]>("/v1/groups", signal),
  staleTime: 0,
});
