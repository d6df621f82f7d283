// Who looks at this, and what may that one do?
import { queryOptions, useQuery, type QueryClient } from "@tanstack/react-query";
import { read, Refused, rememberCsrf } from "./http.ts";
import type { Whoami } from "../../api/contract.ts";

/** Whoever has to log in anew may do so elsewhere: it is looked for so often, in milliseconds. */
const AGAIN_MS = 3_000;

/** Who was let in last, and whether that is over: then the page stays, and asks for a login. */
interface Known {
  readonly who?: Whoami | undefined;
  readonly isOut: boolean;
}

const KEY = ["whoami"];

export const whoami = queryOptions({
  queryKey: KEY,
  staleTime: Infinity,
  queryFn: async ({ signal, client }): Promise<Known> => {
    try {
      const who = await read<Whoami>("/v1/whoami", signal);
      rememberCsrf(who.csrf);
      return { who, isOut: false };
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      return { who: client.getQueryData<Known>(KEY)?.who, isOut: true };
    }
  },
  refetchInterval: ({ state }) => (state.data?.isOut ? AGAIN_MS : false),
});

/** What somebody may can be changed while the page is open. */
const RIGHTS_MS = 60_000;

const rights = (name: string) =>
  queryOptions({
    queryKey: ["rights", name],
    refetchInterval: RIGHTS_MS,
    queryFn: async ({ signal }) => {
      const { at } = await read<Whoami>(`/v1/whoami?service=${encodeURIComponent(name)}`, signal);
      return at ?? null;
    },
  });

/** After a refusal: who is it now, or what may that one do now? */
export function askAgain(client: QueryClient, status: number): void {
  void client.invalidateQueries({ queryKey: status === 401 ? KEY : ["rights"] });
}

/** Where nobody logs in, whoever sits at the machine is meant. */
const SOMEBODY = "somebody at the dashboard";

interface Session {
  readonly actor: string;
  readonly login: Whoami["login"];
  /** Whether there is something to leave. */
  readonly hasSession: boolean;
}

export function useSession(): Session {
  const { who } = useQuery(whoami).data ?? {};
  return { actor: who?.actor ?? SOMEBODY, login: who?.login ?? "none", hasSession: who?.csrf !== undefined };
}

type Rights = NonNullable<Whoami["at"]>;
type Act = Rights["acts"][number]["act"];

/** Why the person may not do something with a service or group; nothing when they may, or it is not known yet. */
type Forbids = (act: Act) => string | undefined;

export interface Permissions {
  readonly forbids: Forbids;
  /** Who may, as the access file names them. */
  readonly holders: (act: Act) => readonly string[];
}

export function usePermissions(name: string): Permissions {
  const { data } = useQuery(rights(name));
  const of = (act: Act) => data?.acts.find((one) => one.act === act);
  return {
    holders: (act) => of(act)?.holders ?? [],
    forbids: (act) => {
      const found = of(act);
      return data && found && !found.allowed ? forbidden(data, found) : undefined;
    },
  };
}

/** Why the person may apply no file at all. */
export function useMayApply(): string | undefined {
  const { who } = useQuery(whoami).data ?? {};
  if (!who || who.roles.some(({ role }) => role === "operate" || role === "administer")) return undefined;
  return "it takes the role operate for a service, which you have for none";
}

function forbidden({ service, environments }: Rights, { roles, holders }: Rights["acts"][number]): string {
  const where = environments.length > 0 ? ` in ${environments.join(" and ")}` : "";
  const who = holders.length > 0 ? `granted to ${holders.join(", ")}` : "granted to nobody";
  return `it takes the role ${roles.join(" or ")} for ${service}${where}, ${who}`;
}
