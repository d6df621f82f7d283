// What does the note on a ReplicaSet say of its pool?
import type { Texts } from "./client/objects.ts";
import { POOL } from "./names.ts";

/** Whose pool a ReplicaSet runs: of which Rollout, of which Deployment, under which name. */
export interface Mark {
  readonly rollout: string;
  readonly deployment: string;
  readonly pool: string;
  /** It was there before Serin, and has not been stable by it yet. */
  readonly found: boolean;
}

/** Ends the note of a ReplicaSet that was there before. */
const FOUND = "found";

export function markIn(annotations: Texts | undefined): Mark | undefined {
  const [rollout, deployment, pool, found] = annotations?.[POOL]?.split("/") ?? [];
  if (rollout === undefined || deployment === undefined || pool === undefined) return undefined;
  return { rollout, deployment, pool, found: found === FOUND };
}

/** The annotation that says so. */
export function marked({ rollout, deployment, pool, found }: Mark): Readonly<Record<string, string>> {
  return { [POOL]: [rollout, deployment, pool, ...(found ? [FOUND] : [])].join("/") };
}
