// What does somebody outside get to know?
import { percent, type Weight } from "../units.ts";
import type { HookAt, NotifyEvent, Payload, Severity } from "./message.ts";

/** Where a rollout stands, in Flagger's words: receivers written for it ask for these. */
type Phase = "Progressing" | "Succeeded" | "Failed";

/** What is known where a payload is made. */
export interface PayloadInput {
  /** Names the message; a receiver tells a second delivery by it. */
  readonly id: string;
  readonly service: string;
  /** `default` unless the service has one. */
  readonly namespace?: string | undefined;
  /** Counts the rollouts of the service from 1. */
  readonly rollout: number;
  /** Revisions by name. */
  readonly candidate: string;
  readonly stable?: string | undefined;
  readonly phase: Phase;
  /** Of the step under way; counts from 1. */
  readonly step?: number | undefined;
  /** Of the traffic that the candidate gets. */
  readonly share?: Weight | undefined;
  readonly event?: NotifyEvent | undefined;
  readonly severity?: Severity | undefined;
  readonly text?: string | undefined;
  /** The verdict in one sentence. */
  readonly verdict?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Every name that a payload may have, with what it is. Templates know these, and `metadata.` with a name of the file. */
export const PAYLOAD_NAMES = {
  name: "the service, as Flagger calls it",
  namespace: "`default` unless the service has one",
  phase: "`Progressing`, `Succeeded` or `Failed`",
  checksum: "the candidate's revision, as Flagger calls it",
  metadata: "what the file says under `metadata`",
  id: "names the message; the same on every attempt",
  service: "the service",
  rollout: "the number of the rollout",
  candidate: "the candidate's revision",
  stable: "the stable revision",
  step: "the step under way, from 1",
  share: "the candidate's share, as `5%`",
  sharePpm: "the same in parts per million",
  event: "what happened",
  severity: "`info`, `warning` or `error`",
  text: "what happened, in one sentence",
  verdict: "the verdict, in one sentence",
} as const satisfies Readonly<Record<string, string>>;

/** Flagger's fields at the top, ours beside them. What is not known is not there. */
export function payloadOf(input: PayloadInput): Payload {
  const { service, namespace = "default", candidate, phase, share, metadata = {} } = input;
  const { id, rollout, stable, step, event, severity, text, verdict } = input;
  const payload: Readonly<Record<keyof typeof PAYLOAD_NAMES, unknown>> = {
    name: service,
    namespace,
    phase,
    checksum: candidate,
    metadata,
    id,
    service,
    rollout,
    candidate,
    stable,
    step,
    share: share === undefined ? undefined : percent(share),
    sharePpm: share,
    event,
    severity,
    text,
    verdict,
  };
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
}

/** Flagger's word for where a rollout stands when a hook is called, or something happens. */
export function phaseOf(rollout: {
  readonly phase: "forward" | "back" | "ended";
  readonly outcome?: string | undefined;
  readonly at?: HookAt | undefined;
}): Phase {
  const { phase, outcome, at } = rollout;
  if (at === "after" || (phase === "ended" && outcome === "promoted")) return "Succeeded";
  return at === "rollback" || phase !== "forward" ? "Failed" : "Progressing";
}
