// How is something that a person may do told and carried out?
import type { CommandRequest, Reply } from "../../api/contract.ts";
import { send } from "../data/http.ts";

/** What a person may do, as it is offered and confirmed. */
export interface Verb {
  readonly kind: CommandRequest["kind"] | "remove";
  readonly full?: true | undefined;
  readonly to?: string | undefined;
  /** On its button. */
  readonly label: string;
  /** What will happen to the traffic, in sentences. */
  readonly does: readonly string[];
  /** Why it cannot be done now; nothing when it can. */
  readonly not?: string | undefined;
  /** It takes something back. */
  readonly isGrave?: true | undefined;
  /** What is most likely wanted. */
  readonly isFirst?: true | undefined;
}

/** What it is done to: a service or a group, as it was seen. */
export interface Target {
  readonly name: string;
  /** As it was seen; without it nothing that was decided meanwhile stands in the way. */
  readonly version?: number | undefined;
  /** The rollout that is under way. */
  readonly number?: number | undefined;
  /** How many replicas it has, of a service. */
  readonly replicas?: number | undefined;
}

interface Said {
  readonly reason: string;
  readonly actor: string;
  readonly replicas: number;
}

/** Asks for it. Answers what became of it; throws a Refused. */
export async function carryOut(target: Target, verb: Verb, { actor, reason, replicas }: Said): Promise<string> {
  const { kind, full, to } = verb;
  const { name, version: expected } = target;
  const path = `/v1/services/${encodeURIComponent(name)}`;
  if (kind === "remove") {
    const seen = expected === undefined ? {} : { expected: String(expected) };
    await send("DELETE", `${path}?${new URLSearchParams({ actor, reason, ...seen })}`);
    return `${name} was taken down`;
  }
  const more = { ...(full ? { full } : {}), ...(to ? { to } : {}), ...(kind === "scale" ? { replicas } : {}) };
  const reply = await send<Reply>("POST", `${path}/commands`, { kind, expected, actor, reason, ...more });
  return reply.text;
}
