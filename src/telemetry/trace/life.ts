// Which spans of a rollout's life have come to their end?
import type { DecisionRecord, Ended, RolloutState, ServiceState } from "../../core/engine/state.ts";
import type { Verdict } from "../../core/stats/plan.ts";
import type { Ms } from "../../core/units.ts";

type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Something that happened within a span. */
export interface SpanEvent {
  readonly name: string;
  readonly atMs: Ms;
  readonly attributes: Attributes;
}

/** A span that has ended. Its identity follows from `rollout`, `key` and nothing else. */
export interface EndedSpan {
  /** Names the rollout, and with it the trace: service, number and when it began. */
  readonly rollout: string;
  /** Names the span within it; "" is the root. */
  readonly key: string;
  /** The span that it is a part of; the root has none. */
  readonly parent?: string | undefined;
  readonly name: string;
  readonly startMs: Ms;
  readonly endMs: Ms;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** Why it counts as failed. */
  readonly failed?: string | undefined;
}

/** What is kept of a step until it ends. */
interface Kept {
  readonly waits: Map<string, number>;
  readonly events: SpanEvent[];
  waiting?: { readonly for: string; readonly sinceMs: number } | undefined;
}

/** A step has at most so many events: the last ones. */
const MOST_EVENTS = 100;

/**
 * Follows the rollouts of one service and tells of every span once it has ended. A new one takes up the rollout under way:
 * what it is called and when it began stands in the state, so that its spans join those that were told before.
 */
export class Life {
  #last: RolloutState | undefined;
  readonly #service: string;
  #kept: Kept = keep();

  constructor(state: ServiceState) {
    this.#service = state.service;
    const { rollout } = state;
    if (!rollout || rollout.phase === "ended") return;
    this.#last = rollout;
    // Of the figures nothing is left here, and what was waited for before is not known.
    const since = state.recent.filter((record) => record.rollout === rollout.number && isWithin(record, rollout));
    for (const record of since) this.#note(eventOf(record));
  }

  /** Takes in decisions, in order. Answers the spans of hooks that have ended with them. */
  decided(records: readonly DecisionRecord[]): readonly EndedSpan[] {
    return records.flatMap((record) => {
      this.#note(eventOf(record));
      const rollout = this.#last;
      return record.kind === "hook" && record.run && rollout?.number === record.rollout
        ? [this.#hook(rollout, record)]
        : [];
    });
  }

  /** Looks at the state after a pass. */
  see({ rollout, history }: ServiceState, nowMs: Ms): readonly EndedSpan[] {
    const before = this.#last;
    if (rollout === before) return [];
    const spans: EndedSpan[] = [];
    if (before && before.number !== rollout?.number) {
      const ended = history.find(({ number }) => number === before.number);
      if (ended) spans.push(...this.#end(before, ended));
      this.#kept = keep();
    } else if (before && rollout) spans.push(...this.#moved(before, rollout));
    this.#last = rollout?.phase === "ended" ? undefined : rollout;
    if (rollout?.phase === "ended" && before?.number === rollout.number) this.#kept = keep();
    else if (rollout && rollout.phase !== "ended") this.#wait(rollout.waiting, nowMs);
    return spans;
  }

  /** From one look to the next within a rollout. */
  #moved(before: RolloutState, now: RolloutState): readonly EndedSpan[] {
    if (now.phase === "ended") {
      const { number, candidate, startedMs, outcome = "stopped", why = "", endedMs = now.stepSinceMs } = now;
      const last = { ...before, cursor: now.cursor, back: before.back ?? now.back, verdict: now.verdict };
      const passed = this.#passed(before, { cursor: now.cursor, atMs: now.stepSinceMs });
      return [...passed, ...this.#end(last, { number, candidate, outcome, why, startedMs, endedMs })];
    }
    if (now.back && !before.back) return this.#turned(before, now);
    if (now.cursor === before.cursor && now.stepSinceMs === before.stepSinceMs) return [];
    return this.#passed(before, { cursor: now.cursor, atMs: now.stepSinceMs });
  }

  /** The step under way has ended, and those between it and the one that is under way now, which took no time. */
  #passed(before: RolloutState, to: { readonly cursor: number; readonly atMs: Ms }): readonly EndedSpan[] {
    if (to.cursor === before.cursor) return [];
    const first = this.#step(before, to.atMs);
    const between = Array.from({ length: Math.max(0, to.cursor - before.cursor - 1) }, (_, index) =>
      this.#step({ ...before, cursor: before.cursor + 1 + index, stepSinceMs: to.atMs }, to.atMs),
    );
    this.#kept = { waits: new Map(), events: this.#kept.events.filter((event) => stepOf(event) > to.cursor) };
    return [first, ...between];
  }

  /** The way back was taken: the step under way ends where it begins. */
  #turned(before: RolloutState, now: RolloutState): readonly EndedSpan[] {
    const { sinceMs = now.stepSinceMs, why } = now.back ?? {};
    const span = this.#step({ ...before, verdict: now.verdict }, sinceMs, why);
    this.#kept = keep();
    return [span];
  }

  #end(last: RolloutState, ended: Ended): readonly EndedSpan[] {
    const { endedMs, outcome, why } = ended;
    const isGood = outcome === "promoted" || outcome === "concluded";
    const failed = isGood ? {} : { failed: why };
    const back = last.back;
    const rest = back
      ? [
          this.#span(last, {
            key: "back",
            name: "way back",
            startMs: back.sinceMs,
            endMs: endedMs,
            events: this.#events(),
          }),
        ]
      : last.cursor < last.program.steps.length
        ? [this.#step(last, endedMs, isGood ? undefined : why)]
        : [];
    const attributes = { ...verdictOf(last.verdict), "serin.outcome": outcome, "serin.why": why };
    const events = this.#kept.events.filter(({ name }) => name === "ended");
    const root = { key: "", name: `rollout ${this.#service}`, startMs: last.startedMs, endMs: endedMs, ...failed };
    return [...rest, this.#span(last, { ...root, attributes: { ...aboutOf(last), ...attributes }, events })];
  }

  #step(rollout: RolloutState, endMs: Ms, failed?: string): EndedSpan {
    const { cursor, stepSinceMs, verdict, program } = rollout;
    this.#wait(undefined, endMs);
    const op = program.steps[cursor]?.op ?? "end";
    const waits = [...this.#kept.waits].map(([name, tookMs]) => [`serin.wait.${name}_ms`, tookMs] as const);
    const attributes = {
      "serin.step": cursor + 1,
      "serin.step.op": op,
      ...(waits.length > 0 && { "serin.step.waited_for": [...this.#kept.waits.keys()] }),
      ...Object.fromEntries(waits),
      ...verdictOf(verdict),
    };
    const key = stepKey(rollout);
    const events = this.#events(cursor);
    const span = { key, name: `step ${cursor + 1} ${op}`, startMs: stepSinceMs, endMs, attributes, events };
    return this.#span(rollout, { ...span, ...(failed === undefined ? {} : { failed }) });
  }

  #hook(rollout: RolloutState, { run, outcome }: DecisionRecord): EndedSpan {
    if (!run) throw new Error("a hook without an end");
    const { id, name, startedMs, endedMs, ok, result, attempts } = run;
    const attributes = { "serin.hook": name, "serin.hook.attempts": attempts, "serin.hook.result": result };
    const isWrong = !ok || outcome === "failed";
    const span = { key: `hook ${id} ${startedMs}`, name: `hook ${name}`, startMs: startedMs, endMs: endedMs };
    const parent = rollout.back ? "back" : stepKey(rollout);
    return this.#span(rollout, { ...span, attributes, events: [], parent, ...(isWrong && { failed: result }) });
  }

  #span(rollout: RolloutState, span: Omit<EndedSpan, "rollout" | "attributes"> & { readonly attributes?: Attributes }) {
    const { number, startedMs } = rollout;
    const attributes = { "serin.service": this.#service, "serin.rollout": number, ...span.attributes };
    const parent = span.key === "" ? {} : { parent: span.parent ?? "" };
    // A clock that was set back ends nothing before it began.
    const endMs = span.endMs < span.startMs ? span.startMs : span.endMs;
    return { ...span, ...parent, endMs, rollout: `${this.#service}/${number}/${startedMs}`, attributes };
  }

  #note(event: SpanEvent): void {
    this.#kept.events.push(event);
    if (this.#kept.events.length > MOST_EVENTS) this.#kept.events.shift();
  }

  /** Events of a step; without one, all that are kept. */
  #events(cursor?: number): readonly SpanEvent[] {
    const { events } = this.#kept;
    return cursor === undefined ? events : events.filter((event) => stepOf(event) <= cursor + 1);
  }

  #wait(waiting: RolloutState["waiting"], nowMs: number): void {
    const { waits, waiting: before } = this.#kept;
    if (before?.for === waiting?.for) return;
    if (before) waits.set(before.for, (waits.get(before.for) ?? 0) + Math.max(0, nowMs - before.sinceMs));
    this.#kept.waiting = waiting && { for: waiting.for, sinceMs: nowMs };
  }
}

const keep = (): Kept => ({ waits: new Map(), events: [] });

/** The step that an event belongs to, from 1. */
const stepOf = ({ attributes }: SpanEvent): number => Number(attributes["serin.step"] ?? 0);

const stepKey = ({ cursor, stepSinceMs }: RolloutState): string => `step ${cursor} ${stepSinceMs}`;

function isWithin({ step, atMs }: DecisionRecord, { cursor, stepSinceMs }: RolloutState): boolean {
  return step === cursor && atMs >= stepSinceMs;
}

function eventOf({ kind, text, atMs, version, step, actor, outcome }: DecisionRecord): SpanEvent {
  const attributes = {
    "serin.text": text,
    "serin.version": version,
    ...(step === undefined ? {} : { "serin.step": step + 1 }),
    ...(actor === undefined ? {} : { "serin.actor": actor }),
    ...(outcome === undefined ? {} : { "serin.outcome": outcome }),
  };
  return { name: kind, atMs, attributes };
}

function aboutOf({ program, candidate, stable }: RolloutState): Attributes {
  const before = stable === undefined ? {} : { "serin.revision.stable": stable };
  return { "serin.strategy": program.strategy, "serin.revision": candidate, ...before };
}

function verdictOf(verdict: Verdict | undefined): Attributes {
  if (!verdict) return {};
  return {
    "serin.verdict": verdict.kind,
    "serin.verdict.sure": verdict.sure,
    "serin.verdict.requests": verdict.canaryRequests,
    "serin.verdict.text": verdict.text,
    ...(verdict.suspended === undefined ? {} : { "serin.verdict.suspended": verdict.suspended }),
  };
}
