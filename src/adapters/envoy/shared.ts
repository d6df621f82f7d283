// Can a service share its address at the Envoys with those that are there already?
import { doorsOf, settingsOf } from "./fleet.ts";
import { listenerName } from "./resources/names.ts";
import type { Served } from "./resources/types.ts";

type Asked = Pick<Served, "service" | "front" | "spec" | "section">;

/** The first neighbour that it cannot live with, and why. */
export function conflictOf(asked: Asked, neighbours: readonly Asked[]) {
  for (const other of neighbours) {
    const found = conflict(asked, other);
    if (found !== undefined) return { other: other.service, found };
  }
  return undefined;
}

function conflict(a: Asked, b: Asked): string | undefined {
  const at = listenerName(a.spec.listen);
  if (a.front === b.front && a.section?.name === b.section?.name) return `both have all requests of ${a.front}`;
  if (a.front !== b.front) {
    const host = a.spec.hosts.find((name) => b.spec.hosts.includes(name));
    if (host !== undefined) return `both have the host ${host} at ${at}`;
  }
  if ((a.spec.tls === undefined) !== (b.spec.tls === undefined))
    return `one speaks TLS at ${at} and the other does not`;
  const kinds = (one: Asked): string =>
    JSON.stringify(doorsOf(one).map(({ at: door, kind }) => [kind, listenerName(door)]));
  if (kinds(a) !== kinds(b)) return `their listen and preview are not the same two addresses`;
  const [mine, others] = [named(a), named(b)];
  const field = Object.keys(mine).find((name) => mine[name] !== others[name]);
  return field && `they differ in ${field}, which holds for the whole address ${at}`;
}

/** What must be the same, by the field's name in the file. */
function named(asked: Asked): Readonly<Record<string, string>> {
  const { timeouts, tracing, trustForwarded, logs } = settingsOf(asked);
  return {
    "timeouts.keepAlive": String(timeouts.keepAliveMs),
    "timeouts.head": String(timeouts.headMs),
    tracing: JSON.stringify(tracing ?? null),
    trustForwarded: String(trustForwarded),
    evidence: String(logs),
  };
}
