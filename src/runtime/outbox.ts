// How do messages get out, so that a slow receiver delays nobody?
import { messageOf } from "../core/issues.ts";
import type { Delivery, Message } from "../core/outbox/message.ts";
import { duration, ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";
import type { Carriage, Messenger } from "../ports/messenger.ts";

/** What an outbox works with. */
export interface OutboxOptions {
  readonly clock: Clock;
  readonly messenger: Messenger;
  /** Called when an attempt has ended: there is something to decide about. */
  readonly wake: () => void;
  /** Attempts at once, of hooks and of notifications each. Default 8. */
  readonly mostAtOnce?: number | undefined;
}

/** An attempt under way. */
interface Flight {
  readonly message: Message;
  readonly calling: AbortController;
  readonly done: Promise<void>;
}

const MOST_OUTPUT = 2_000;
const MOST_RESULT = 300;
/** So long an attempt that was called off may take to end: a command is asked to, and killed two seconds later. */
const LET_GO = ms(5_000);
/** A reason of its own would be an error with a stack, made for every call. */
const OFF = "off";

/**
 * Carries the messages of one service. What came of an attempt stays until it is confirmed, which is after the decision
 * that took it was written down: a crash before that means another attempt, with the same id. At least once, not at most.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #flights = new Map<string, Flight>();
  readonly #ended = new Map<string, Delivery>();
  #isStopped = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * The messages that the state holds now, all of them. Starts those that are due, the longest due first; calls off
   * what is under way for a message that is there no more.
   */
  sync(messages: readonly Message[], nowMs: number): void {
    if (this.#isStopped) return;
    const wanted = new Set(messages.map(keyOf));
    for (const { message, calling } of this.#flights.values()) if (!wanted.has(keyOf(message))) calling.abort(OFF);
    for (const key of this.#ended.keys()) if (!wanted.has(key)) this.#ended.delete(key);
    const due = messages.filter((message) => message.dueMs <= nowMs && !this.#ended.has(keyOf(message)));
    for (const message of due.toSorted((a, b) => a.dueMs - b.dueMs)) {
      if (!this.#flights.has(message.id) && this.#hasRoom(message.purpose)) this.#start(message);
    }
  }

  /** What came of attempts and is not confirmed yet, in the order in which they ended. */
  taken(): readonly Delivery[] {
    return [...this.#ended.values()];
  }

  /** These are written down. */
  confirm(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#ended.delete(keyOf(delivery));
  }

  /** Calls everything off and waits for it. What is called off counts as not attempted. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const flights = [...this.#flights.values()];
    for (const { calling } of flights) calling.abort(OFF);
    await Promise.all(flights.map(({ done }) => done));
  }

  #hasRoom(purpose: Message["purpose"]): boolean {
    const { mostAtOnce = 8 } = this.#options;
    const busy = [...this.#flights.values()].filter(({ message }) => message.purpose === purpose);
    return busy.length < mostAtOnce;
  }

  #start(message: Message): void {
    const calling = new AbortController();
    // Set before it begins: what ends at once finds itself here.
    const begun = Promise.withResolvers<void>();
    this.#flights.set(message.id, { message, calling, done: begun.promise });
    void this.#attempt(message, calling).finally(begun.resolve);
  }

  /** Never rejects. */
  async #attempt(message: Message, calling: AbortController): Promise<void> {
    const { clock, wake } = this.#options;
    const startedMs = clock.now();
    const carriage = await this.#carried(message, calling);
    this.#flights.delete(message.id);
    if (carriage) {
      const { id, failed } = message;
      const { ok, result, output } = carriage;
      const told = { result: result.slice(0, MOST_RESULT), output: output.slice(0, MOST_OUTPUT) };
      this.#ended.set(keyOf(message), { id, failed, ok, ...told, startedMs, endedMs: clock.now() });
    }
    if (!this.#isStopped) wake();
  }

  /** Undefined when it was called off from outside. */
  async #carried(message: Message, calling: AbortController): Promise<Carriage | undefined> {
    const { clock } = this.#options;
    const over = new AbortController();
    const sleep = async (forMs: Message["timeoutMs"]): Promise<undefined> => {
      await clock.sleep(forMs, over.signal);
      return undefined;
    };
    const off = new Promise<undefined>((resolve) => {
      calling.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    try {
      const delivering = this.#delivered(message, calling.signal);
      const inTime = await Promise.race([delivering, sleep(message.timeoutMs), off]);
      const isOff = calling.signal.aborted;
      if (inTime) return isOff ? undefined : inTime;
      calling.abort(OFF);
      const late = await Promise.race([delivering, sleep(LET_GO)]);
      if (isOff) return undefined;
      return { ok: false, result: `no answer in ${duration(message.timeoutMs)}`, output: late?.output ?? "" };
    } finally {
      over.abort(OFF);
    }
  }

  async #delivered(message: Message, signal: AbortSignal): Promise<Carriage> {
    try {
      return await this.#options.messenger.deliver(message, { signal });
    } catch (error) {
      return { ok: false, result: messageOf(error), output: "" };
    }
  }
}

/** One attempt of one message. */
function keyOf({ id, failed }: { readonly id: string; readonly failed: number }): string {
  return `${failed} ${id}`;
}
