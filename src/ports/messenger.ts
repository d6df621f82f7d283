// Who carries a message out of the house?
import type { Message } from "../core/outbox/message.ts";
import type { Call } from "./observed.ts";

/** What one attempt brought. */
export interface Carriage {
  readonly ok: boolean;
  /** In a few words: `200 OK`, `exited with code 1`. */
  readonly result: string;
  /** The answer's body, or the end of the command's output; at most 2 000 characters. */
  readonly output: string;
}

/** Calls, runs, posts and mails. */
export interface Messenger {
  /** One attempt. Never rejects for what the receiver does; may be repeated after a crash with the same id. */
  deliver(message: Message, call: Call): Promise<Carriage>;
}
