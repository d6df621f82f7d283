// What of a pool or a replica can stand in a question about it?
import { namesIn } from "./outbox/template.ts";

/** What a placeholder stands for. A pool has a role only while it has one in the rollout. */
export interface Places {
  readonly service: string;
  readonly pool: string;
  readonly revision: string;
  readonly role?: string | undefined;
  readonly replica?: string | undefined;
}

/** Names that can stand between `{{` and `}}`. */
export const PLACE_NAMES = ["service", "pool", "revision", "role", "replica"] as const;

/** Those by which one pool's answer is another's than the other pool's. */
const OF_POOL: ReadonlySet<string> = new Set(["pool", "revision", "role", "replica"]);

/** Whether a question is about one pool and not about all of the service. */
export function tellsPools(template: string): boolean {
  return namesIn(template).some((name) => OF_POOL.has(name));
}

/** Whether a question is about one replica. */
export function tellsReplicas(template: string): boolean {
  return namesIn(template).includes("replica");
}

/**
 * The question with what it is about put in; nothing when that has no such part, as a pool without a role. Other names stay:
 * some sources put the interval in themselves.
 */
export function placed(template: string, places: Places): string | undefined {
  const names = PLACE_NAMES.filter((name) => namesIn(template).includes(name));
  if (names.some((name) => places[name] === undefined)) return undefined;
  return names.reduce((text, name) => text.replaceAll(placeOf(name), () => places[name] ?? ""), template);
}

const placeOf = (name: string): RegExp => new RegExp(String.raw`\{\{\s*${name}\s*\}\}`, "gu");
