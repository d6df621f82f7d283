// What shall be told to the world outside, and what came of it?
import type { Ms } from "../units.ts";

/** A text as it stands, or where it is read when it is needed: a secret is in no file of ours and in no journal. */
export type Text = string | { readonly env: string } | { readonly file: string };

/** How somebody outside is reached. Templates name parts of the payload: `{{service}}`, `{{metadata.team}}`. */
export type Target =
  | {
      readonly kind: "http";
      readonly url: Text;
      readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
      readonly headers: Readonly<Record<string, Text>>;
      /** A template; without it the payload as JSON (nothing with GET and DELETE). */
      readonly body?: string | undefined;
    }
  /** The payload as JSON on standard input, its main parts in the environment (`SERIN_SERVICE` …). */
  | {
      readonly kind: "command";
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, Text>>;
      /** Absolute. */
      readonly cwd: string;
    }
  /** A Job of the cluster that the service is in, with the payload's main parts in its environment. */
  | { readonly kind: "job"; readonly of: JobOf; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: "slack"; readonly url: Text; readonly channel?: string | undefined }
  | {
      readonly kind: "email";
      readonly smtp: {
        readonly host: string;
        readonly port: number;
        /** From the first byte; by STARTTLS, or there is no mail; by STARTTLS where the server offers it. */
        readonly tls: "always" | "starttls" | "ifOffered";
      };
      readonly login?: { readonly user: Text; readonly password: Text } | undefined;
      readonly from: string;
      readonly to: readonly string[];
    };

/** What a Job is made of: the template of a CronJob, or one container. */
export type JobOf =
  | { readonly cronJob: string }
  | {
      readonly image: string;
      readonly command?: readonly string[] | undefined;
      readonly args?: readonly string[] | undefined;
      readonly serviceAccount?: string | undefined;
    };

/** What a receiver gets: Flagger's fields at the top, ours beside them. Plain JSON. */
export type Payload = Readonly<Record<string, unknown>>;

/** One thing to tell. Stays in the outbox, which is part of the state, until it was delivered or given up. */
export interface Message {
  /** Names it for ever, whichever attempt: a receiver tells a second delivery by it. */
  readonly id: string;
  /** As the file names it. */
  readonly name: string;
  readonly purpose: "hook" | "notification";
  readonly target: Target;
  readonly payload: Payload;
  readonly timeoutMs: Ms;
  /** Attempts that have failed. */
  readonly failed: number;
  /** Further attempts after the first one. */
  readonly retries: number;
  /** Not before this moment. */
  readonly dueMs: Ms;
}

/** What came of one attempt. */
export interface Delivery {
  readonly id: string;
  /** The message's `failed` when it was sent: an answer to an older attempt is not taken for a newer one's. */
  readonly failed: number;
  readonly ok: boolean;
  /** In a few words: `200 OK`, `exited with code 1`, `no answer in 30s`. */
  readonly result: string;
  /** The answer's body, or the end of the command's output; at most 2 000 characters. */
  readonly output: string;
  readonly startedMs: Ms;
  readonly endedMs: Ms;
}

/** How a hook ended, for texts and `explain`. */
export interface HookRun extends Omit<Delivery, "failed"> {
  readonly name: string;
  readonly attempts: number;
  /** Of a hook that is asked again and again: how often so far, and the failures in a row. */
  readonly asked?: number | undefined;
  readonly inARow?: number | undefined;
}

/**
 * When a hook is called. `start`: before anything runs; `before`: the candidate is ready and gets no request yet;
 * `increase`: before each rise of its share; `between`: after each step's waits; `promotion`: before it is made stable;
 * `after`: it is stable; `step`: where a step names it; `rollback`: the rollout was taken back or stopped. `during`: again and again while it gets requests.
 */
export type HookAt =
  | "start"
  | "before"
  | "increase"
  | "between"
  | "promotion"
  | "after"
  | "rollback"
  | "during"
  | "step";

/** A hook, as a file asks for it. */
export interface HookSpec {
  readonly name: string;
  readonly at: HookAt;
  /**
   * `run`: called, with retries, and must succeed. `gate`: asked every `everyMs` until it succeeds, as long as it takes.
   * `rollback`: asked every `everyMs` while the candidate gets requests; the rollout is taken back when it succeeds.
   */
  readonly mode: "run" | "gate" | "rollback";
  readonly target: Target;
  readonly timeoutMs: Ms;
  readonly retries: number;
  readonly everyMs: Ms;
  /** What a failure does to the rollout, retries used up. Failures after the end change nothing. */
  readonly onFailure: "rollBack" | "hold" | "goOn";
  /** Of `during`: failures in a row that count as one. */
  readonly threshold: number;
  /** Handed on in the payload. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** How much an event matters. */
export type Severity = "info" | "warning" | "error";

/** Somebody who wants to be told. */
export interface NotifySpec {
  readonly name: string;
  readonly target: Target;
  /** Events of at least this severity … */
  readonly severity: Severity;
  /** … of these kinds; all without it. */
  readonly events?: readonly NotifyEvent[] | undefined;
  /** A template of the text; a sentence of ours without it. */
  readonly text?: string | undefined;
  /** At most so many messages in a minute; the rest is told in one message when the minute is over. */
  readonly perMinute: number;
}

/** What people may be told about. */
export type NotifyEvent =
  | "started"
  | "step"
  | "waiting"
  | "verdict"
  | "rolled-back"
  | "promoted"
  | "stopped"
  | "concluded"
  | "command"
  | "hook"
  | "queued";
