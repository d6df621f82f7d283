// Who is told what of the last decisions, and what waits until the minute is over?
import type { Verdict } from "../stats/plan.ts";
import { ms, type Ms, type Weight } from "../units.ts";
import type { Message, NotifyEvent, NotifySpec, Severity } from "./message.ts";
import type { NotifyState, Told } from "./notify-state.ts";
import { payloadOf, phaseOf } from "./payload.ts";
import { anchored } from "./target.ts";
import { filledText } from "./template.ts";

/** A decision, as far as people are told about it. */
export interface NotifiedRecord {
  readonly kind: "started" | "step" | "verdict" | "command" | "note" | "back" | "ended" | "hook" | "queued";
  readonly text: string;
  readonly version: number;
  readonly rollout: number;
  /** Of `back` and `ended`: how it ends. */
  readonly outcome?: string | undefined;
  /** Of `hook`: how it went. */
  readonly run?: { readonly ok: boolean } | undefined;
  /** It says that a receiver could not be told. To tell that, too, would go on for ever. */
  readonly untold?: true | undefined;
  readonly verdict?: Pick<Verdict, "kind" | "suspended" | "text"> | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** What is known of the rollout at hand, for payloads. */
interface AboutRollout {
  readonly number?: number | undefined;
  readonly candidate: string;
  readonly stable?: string | undefined;
  readonly phase: "forward" | "back" | "ended";
  readonly outcome?: string | undefined;
  readonly step?: number | undefined;
  readonly share?: Weight | undefined;
  readonly verdict?: string | undefined;
}

export interface NotifyInput {
  readonly service: string;
  /** Folder of the rollout file: what a command's folder starts from. */
  readonly origin: string;
  readonly notify: readonly NotifySpec[];
  /** None, when only time has passed. */
  readonly records: readonly NotifiedRecord[];
  readonly nowMs: Ms;
  readonly sent: NotifyState;
  readonly about?: AboutRollout | undefined;
  /** Rollouts that have ended: what is told of one is not said of the next. */
  readonly ended?:
    | readonly { readonly number: number; readonly candidate: string; readonly outcome: string }[]
    | undefined;
}

export interface Notified {
  readonly messages: readonly Message[];
  /** The very `sent` of the input when nothing has changed. */
  readonly sent: NotifyState;
}

const MINUTE_MS = 60_000;
const TIMEOUT = ms(10_000);
/** Further attempts; a receiver that is away for longer hears of it no more. */
const RETRIES = 4;
const KEPT_TEXTS = 5;
const LONGEST_TEXT = 300;
const WEIGHT: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/** What a record is called, and how much it matters. */
export function eventOf(record: NotifiedRecord): { readonly event: NotifyEvent; readonly severity: Severity } {
  return EVENTS[record.kind](record);
}

type Event = ReturnType<typeof eventOf>;

const EVENTS: Readonly<Record<NotifiedRecord["kind"], (record: NotifiedRecord) => Event>> = {
  started: () => ({ event: "started", severity: "info" }),
  step: () => ({ event: "step", severity: "info" }),
  verdict: ({ verdict }) => {
    if (verdict?.suspended !== undefined) return { event: "verdict", severity: "warning" };
    return { event: "verdict", severity: verdict?.kind === "worse" ? "error" : "info" };
  },
  command: () => ({ event: "command", severity: "info" }),
  // It waits, or waits no more: whoever hears the one hears the other.
  note: () => ({ event: "waiting", severity: "warning" }),
  back: ({ outcome }) => endOf(outcome ?? "rolled-back"),
  ended: ({ outcome }) => endOf(outcome ?? "concluded"),
  hook: ({ run }) => ({ event: "hook", severity: run?.ok === false ? "warning" : "info" }),
  queued: () => ({ event: "queued", severity: "info" }),
};

function endOf(outcome: string): Event {
  if (outcome === "rolled-back") return { event: "rolled-back", severity: "error" };
  if (outcome === "stopped") return { event: "stopped", severity: "warning" };
  return { event: outcome === "promoted" ? "promoted" : "concluded", severity: "info" };
}

/** Messages for everyone who wants to be told of these records, and what is due since the last minute. */
export function notificationsOf(input: NotifyInput): Notified {
  const messages: Message[] = [];
  const next: Record<string, Told> = {};
  for (const spec of input.notify) {
    let sent = begun(input, spec, { messages, sent: input.sent[spec.name] });
    for (const record of input.records) {
      const event = eventOf(record);
      if (record.untold || !wants(spec, event)) continue;
      sent ??= fresh(input.nowMs);
      if (sent.count < spec.perMinute) {
        messages.push(messageOf(input, spec, { record, event }));
        sent = { ...sent, count: sent.count + 1 };
      } else sent = collected(sent, record, event);
    }
    if (sent) next[spec.name] = sent;
  }
  return { messages, sent: same(input.sent, next) ? input.sent : next };
}

/** When something is told next that waits now; undefined when nothing waits. */
export function nextNotificationMs(sent: NotifyState): Ms | undefined {
  const waiting = Object.values(sent).filter(({ left }) => left > 0);
  return waiting.length === 0 ? undefined : ms(Math.min(...waiting.map(({ sinceMs }) => sinceMs)) + MINUTE_MS);
}

const fresh = (sinceMs: Ms): Told => ({ sinceMs, count: 0, left: 0, last: [], version: 0 });

/** The minute at hand. One that is over ends with what it has collected. */
function begun(
  input: NotifyInput,
  spec: NotifySpec,
  at: { readonly messages: Message[]; readonly sent: Told | undefined },
): Told | undefined {
  const { sent, messages } = at;
  if (!sent) return undefined;
  const age = input.nowMs - sent.sinceMs;
  // A minute that has not begun yet: the clock was set back.
  if (age >= 0 && age < MINUTE_MS) return sent;
  if (sent.left === 0) return undefined;
  messages.push(summaryOf(input, spec, sent));
  return { ...fresh(input.nowMs), count: 1 };
}

function wants({ severity, events }: NotifySpec, event: Event): boolean {
  return WEIGHT[event.severity] >= WEIGHT[severity] && (events?.includes(event.event) ?? true);
}

function collected(sent: Told, record: NotifiedRecord, event: Event): Told {
  const { rollout, outcome, version } = record;
  const isWorst = !sent.worst || WEIGHT[event.severity] >= WEIGHT[sent.worst.severity];
  return {
    ...sent,
    left: sent.left + 1,
    last: [...sent.last, brief(record.text)].slice(-KEPT_TEXTS),
    version,
    worst: isWorst ? { ...event, rollout, outcome } : sent.worst,
  };
}

function brief(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}

function messageOf(
  input: NotifyInput,
  spec: NotifySpec,
  { record, event }: { readonly record: NotifiedRecord; readonly event: Event },
): Message {
  const id = `${input.service}/${record.version}/${spec.name}`;
  return made(input, spec, { id, record, event, text: attributed(record) });
}

function attributed({ text, actor, reason }: NotifiedRecord): string {
  if (!actor) return text;
  return reason ? `${text} (${actor}: ${reason})` : `${text} (${actor})`;
}

function summaryOf(input: NotifyInput, spec: NotifySpec, sent: Told): Message {
  const { left, last, version, worst } = sent;
  const { event, severity, ...record } = worst ?? { event: "step", severity: "info", rollout: 0 };
  const only = left > last.length ? `, the last ${last.length}` : "";
  return made(input, spec, {
    id: `${input.service}/${version}/${spec.name}/more`,
    record,
    event: { event, severity },
    text: `${left} more${only}: ${last.join("; ")}`,
  });
}

interface Content {
  readonly id: string;
  readonly record: Pick<NotifiedRecord, "rollout" | "outcome">;
  readonly event: Event;
  readonly text: string;
}

function made(input: NotifyInput, spec: NotifySpec, { id, record, event, text }: Content): Message {
  const { service, origin, nowMs } = input;
  const over = input.ended?.find(({ number }) => number === record.rollout);
  const about: Partial<AboutRollout> | undefined =
    input.about?.number === record.rollout || !over ? input.about : { ...over, phase: "ended" };
  const payload = payloadOf({
    id,
    service,
    rollout: record.rollout,
    candidate: about?.candidate ?? "",
    stable: about?.stable,
    phase: phaseOf({ phase: about?.phase ?? "forward", outcome: about?.outcome ?? record.outcome }),
    step: about?.step,
    share: about?.share,
    verdict: about?.verdict,
    ...event,
    text,
  });
  const said = spec.text === undefined ? named(`${service}/${record.rollout}`, text) : filledText(spec.text, payload);
  return {
    id,
    name: spec.name,
    purpose: "notification",
    target: anchored(spec.target, origin),
    payload: { ...payload, text: said },
    timeoutMs: TIMEOUT,
    failed: 0,
    retries: RETRIES,
    dueMs: nowMs,
  };
}

/** Some texts begin with the rollout's name. */
function named(rollout: string, text: string): string {
  return text.startsWith(`${rollout} `) ? text : `${rollout}: ${text}`;
}

function same(before: NotifyState, after: NotifyState): boolean {
  const names = Object.keys(before);
  return names.length === Object.keys(after).length && names.every((name) => before[name] === after[name]);
}
