// How is what happens written down for programs that read logs?
import { pino, type Logger } from "pino";
import { messageOf, SerinError } from "../core/issues.ts";
import type { DecisionRecord } from "../core/engine/state.ts";
import type { Told } from "../runtime/parts.ts";
import type { Asked, Delivered } from "./happened.ts";
import type { LogLevel } from "./log-level.ts";

export interface LogOptions {
  /** A file that is appended to, or a file descriptor: 1 standard output, 2 standard error. */
  readonly to: string | 1 | 2;
  readonly level: LogLevel;
}

/** One line of JSON per event. Texts are those that people read; contents of revisions and messages stay out of it. */
export interface Log {
  told(event: Told): void;
  asked(command: Asked): void;
  delivered(message: Delivered): void;
  say(text: string, more?: Readonly<Record<string, unknown>>): void;
  close(): void;
}

/** Opens a log. Throws a SerinError when the file cannot be written. */
export function openLog({ to, level }: LogOptions): Log {
  const destination = open(to);
  const options = {
    level,
    base: { program: "serin" },
    messageKey: "text",
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, destination);
  return {
    told: (event) => told(logger, event),
    asked: ({ kind, service, actor, reason, outcome, code, text, rollout }) => {
      logger[outcome === "done" ? "info" : "warn"](
        { event: "command", kind, service, rollout, actor, reason, outcome, code },
        text,
      );
    },
    delivered: ({ service, rollout, name, purpose, ok, result, seconds, failed }) => {
      const fields = { event: "message", service, rollout, name, purpose, ok, seconds, attempt: failed + 1 };
      logger[ok ? "info" : "warn"](fields, result);
    },
    say: (text, more = {}) => logger.info({ event: "controller", ...more }, text),
    close: () => destination.flushSync(),
  };
}

function told(logger: Logger, event: Told): void {
  // What is of no service is of the controller.
  const service = event.service || undefined;
  if (event.kind === "decided") {
    for (const record of event.records) logger.info(fieldsOf(service, record), record.text);
  } else if (event.kind === "trouble") {
    const { part, code, why } = event;
    logger[part === "journal" ? "error" : "warn"]({ event: "trouble", service, part, code }, why);
  } else if (event.kind === "cleared") {
    logger.info({ event: "cleared", service, part: event.part }, `${event.part} works again`);
  } else logger.info({ event: "removed", service }, `${event.service} is gone`);
}

/** Steps count from 1, as people see them. */
function fieldsOf(service: string | undefined, record: DecisionRecord): object {
  const { kind, rollout, version, step, outcome, actor, reason, verdict } = record;
  const at = step === undefined ? {} : { step: step + 1 };
  const said = verdict && { verdict: verdict.kind, sure: verdict.sure };
  return { event: "decision", service, rollout, kind, version, ...at, outcome, actor, reason, ...said };
}

function open(to: LogOptions["to"]) {
  try {
    // At once: what was decided last is what is asked for after a crash.
    const destination = pino.destination({ dest: to, append: true, sync: true });
    // A full disk ends no controller; that lines are missing is said once.
    destination.once("error", (error: Error) => {
      destination.on("error", () => undefined);
      process.stderr.write(`the log ${to} cannot be written: ${error.message}\n`);
    });
    return destination;
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_BAD_OPTION",
        what: `the log ${to} cannot be written`,
        found: messageOf(error),
        now: "nothing was started",
        next: "name a file in a folder that is there: --log serin.log",
        exitCode: 2,
      },
      { cause: error },
    );
  }
}
