// Who looks at this?
import { queryOptions, useQuery } from "@tanstack/react-query";
import { read, rememberCsrf } from "./http.ts";
import type { Whoami } from "../../api/contract.ts";

export const whoami = queryOptions({
  queryKey: ["whoami"],
  staleTime: Infinity,
  queryFn: async ({ signal }) => {
    const answer = await read<Whoami>("/v1/whoami", signal);
    rememberCsrf(answer.csrf);
    return answer;
  },
});

/** Where nobody logs in, whoever sits at the machine is meant. */
const SOMEBODY = "somebody at the dashboard";

export function useSession(): { readonly actor: string; readonly login: Whoami["login"] } {
  const { data } = useQuery(whoami);
  return { actor: data?.actor ?? SOMEBODY, login: data?.login ?? "none" };
}
