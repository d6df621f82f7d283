// Which way does a message go?
import { messageOf } from "../../core/issues.ts";
import type { Message } from "../../core/outbox/message.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Carriage, Messenger } from "../../ports/messenger.ts";
import type { Call } from "../../ports/observed.ts";
import { NoSecret, Secrets } from "../secrets.ts";

/** What is told of an answer. */
const MOST_OUTPUT = 2_000;
const MOST_RESULT = 300;

export interface MessengerOptions {
  readonly clock: Clock;
  /** Runs Jobs, where there is a cluster. */
  readonly jobs?: Messenger["deliver"] | undefined;
}

/** Calls addresses, runs commands, posts to Slack and sends mail. Each way is loaded when it is first gone. */
export function createMessenger({ clock, jobs }: MessengerOptions): Messenger {
  return {
    deliver: async (message, call) => {
      const secrets = new Secrets();
      try {
        const { ok, result, output } = await carried({ message, secrets, clock, jobs }, call);
        const told = secrets.masked(output);
        // An answer is told from its beginning, a command's output by its end.
        const part = message.target.kind === "command" ? told.slice(-MOST_OUTPUT) : told.slice(0, MOST_OUTPUT);
        return { ok, result: secrets.masked(result).slice(0, MOST_RESULT), output: part };
      } catch (error) {
        if (error instanceof NoSecret) return { ok: false, result: error.message.slice(0, MOST_RESULT), output: "" };
        const result = call.signal.aborted ? "called off" : secrets.masked(messageOf(error));
        return { ok: false, result: result.slice(0, MOST_RESULT), output: "" };
      }
    },
  };
}

interface Load {
  readonly message: Message;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly jobs: MessengerOptions["jobs"];
}

async function carried({ message, secrets, clock, jobs }: Load, call: Call): Promise<Carriage> {
  const { target, id } = message;
  call.signal.throwIfAborted();
  if (target.kind === "command") {
    const { run } = await import("./command.ts");
    return run(message, { target, secrets, clock }, call);
  }
  if (target.kind === "job") {
    return jobs ? jobs(message, call) : { ok: false, result: "this controller looks after no cluster", output: "" };
  }
  if (target.kind === "email") {
    const { mail } = await import("./email.ts");
    return mail(message, { target, secrets }, call);
  }
  const { requestOf, send } = await import("./http.ts");
  if (target.kind === "http") return send(await requestOf(message, target, secrets), id, call);
  const { slackRequest } = await import("./slack.ts");
  return send(await slackRequest(message, target, secrets), id, call);
}
