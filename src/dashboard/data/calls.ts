// What can this controller be asked?
import { queryOptions, useQuery } from "@tanstack/react-query";
import { read } from "./http.ts";

interface Description {
  readonly paths: Readonly<Record<string, unknown>>;
}

const description = queryOptions({
  queryKey: ["openapi"],
  staleTime: Infinity,
  queryFn: async ({ signal }) => new Set(Object.keys((await read<Description>("/v1/openapi.json", signal)).paths)),
});

/** Whether there is such a call. What a controller cannot be asked is not offered. */
export function useHas(path: string): boolean {
  const { data } = useQuery(description);
  return data?.has(path) ?? false;
}
