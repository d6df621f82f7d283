// What happens at a controller's doors, for metrics and logs?
import { SerinError } from "../core/issues.ts";
import type { Message } from "../core/outbox/message.ts";
import type { Messenger } from "../ports/messenger.ts";

/** A command, and what became of it. */
export interface Asked {
  /** `apply`, `promote`, `abort` …, `remove`. */
  readonly kind: string;
  /** Also the name of a group; nothing where a file could not be read. */
  readonly service?: string | undefined;
  readonly rollout?: number | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
  /** `refused` is an answer, `failed` is none. */
  readonly outcome: "done" | "refused" | "failed";
  /** Of what was not done. */
  readonly code?: string | undefined;
  readonly text: string;
}

/** An attempt to deliver a message. */
export interface Delivered {
  readonly service: string;
  readonly rollout?: number | undefined;
  readonly name: string;
  readonly purpose: Message["purpose"];
  readonly ok: boolean;
  readonly result: string;
  readonly seconds: number;
  /** Attempts before this one, all of which failed. */
  readonly failed: number;
}

/** The same messenger; every attempt is told of. */
export function toldMessenger(messenger: Messenger, onDelivered: (delivered: Delivered) => void): Messenger {
  return {
    deliver: async (message, call) => {
      const begun = performance.now();
      const carriage = await messenger.deliver(message, call);
      const { payload, name, purpose, failed } = message;
      const service = typeof payload["service"] === "string" ? payload["service"] : "";
      const rollout = typeof payload["rollout"] === "number" ? payload["rollout"] : undefined;
      const seconds = (performance.now() - begun) / 1_000;
      onDelivered({ service, rollout, name, purpose, failed, ok: carriage.ok, result: carriage.result, seconds });
      return carriage;
    },
  };
}

/** Does what was asked, and tells what became of it. */
export async function toldCommand<
  T extends { readonly text: string; readonly service: string; readonly rollout?: number | undefined } | void,
>(
  command: Pick<Asked, "kind" | "service" | "actor" | "reason">,
  run: () => Promise<T>,
  onAsked: (asked: Asked) => void,
): Promise<T> {
  try {
    const reply = await run();
    const said = reply
      ? { service: reply.service, rollout: reply.rollout, text: reply.text }
      : { text: `${command.kind} of ${command.service}` };
    onAsked({ ...command, ...said, outcome: "done" });
    return reply;
  } catch (error) {
    onAsked({ ...command, ...whyNot(error) });
    throw error;
  }
}

function whyNot(error: unknown): Pick<Asked, "outcome" | "code" | "text"> {
  if (!(error instanceof SerinError)) return { outcome: "failed", text: error instanceof Error ? error.message : "" };
  const { code, what } = error.trouble;
  return { outcome: "refused", code, text: what };
}
