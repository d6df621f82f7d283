// What does an event say of a user, and what is wrong with it?
import * as z from "zod";
import { shown } from "../spec/reading.ts";
import type { MomentOf } from "../stats/ab/lines.ts";
import { ms, type Ms } from "../units.ts";
import type { RunningTest } from "./running.ts";

/** Something that a user did: saw a variant, or reached the goal. */
export interface UserEvent {
  readonly user: string;
  readonly what: "seen" | "converted";
  /** Of a conversion it may be unknown: the exposure says it. */
  readonly variant?: "control" | "treatment" | undefined;
  readonly atMs: Ms;
  /** What the conversion was worth. It is kept, and not judged. */
  readonly value?: number | undefined;
  /** The same id counts once. */
  readonly id?: string | undefined;
}

/** An event, or what is wrong with it. */
export type EventReading =
  | { readonly ok: true; readonly event: UserEvent }
  | { readonly ok: false; readonly message: string };

/** What an event is read for. */
export interface EventRules {
  readonly test: RunningTest;
  readonly receivedMs: Ms;
  readonly momentOf: MomentOf;
}

/** Clocks of services are a little off. */
const AHEAD_MS = 60_000;

const text = (longest: number, what: string) =>
  z
    .string({ error: ({ input }) => `found ${shown(input)}, ${what} must be here` })
    .min(1, { error: `found an empty text, ${what} must be here` })
    .max(longest, { error: `found more than ${longest} characters` });

const Event = z.strictObject({
  user: z.preprocess((input) => (Number.isSafeInteger(input) ? String(input) : input), text(256, "the user's key")),
  goal: text(64, "the name of the goal").optional(),
  variant: text(64, "the name of a variant").optional(),
  at: z.union([z.string(), z.number()], { error: ({ input }) => `found ${shown(input)}, ${MOMENT}` }).optional(),
  value: z.number({ error: ({ input }) => `found ${shown(input)}, a number must be here` }).optional(),
  id: text(128, "the event's own id").optional(),
});

const MOMENT = "a moment is 2026-03-04T14:02:11Z or milliseconds since 1970";

/** Reads one event. All that is wrong with it is said at once. */
export function readEvent(input: unknown, rules: EventRules): EventReading {
  const read = Event.safeParse(input, { error: ({ code, input: found }) => foreign(code, found) });
  if (!read.success) return bad(read.error.issues.map(issueText));
  const { user, goal, variant, at, value, id } = read.data;
  const wrong: string[] = [];
  const atMs = at === undefined ? rules.receivedMs : momentIn(at, rules, wrong);
  checkGoal({ goal, value }, rules.test, wrong);
  const which = variantIn({ user, goal, variant }, rules.test, wrong);
  if (wrong.length > 0) return bad(wrong);
  const what = goal === undefined ? "seen" : "converted";
  const event = { user, what, variant: which, atMs: atMs ?? rules.receivedMs, value, id } as const;
  return {
    ok: true,
    event: Object.fromEntries(Object.entries(event).filter(([, field]) => field !== undefined)) as typeof event,
  };
}

const bad = (wrong: readonly string[]): EventReading => ({ ok: false, message: wrong.join("; ") });

function foreign(code: string | undefined, found: unknown): string | undefined {
  return code === "invalid_type" ? `found ${shown(found)}, an event is a map: {"user": "u1"}` : undefined;
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return `${issue.keys.join(", ")}: no such field; there are user, goal, variant, at, value and id`;
  }
  return issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message;
}

function momentIn(at: string | number, { test, receivedMs, momentOf }: EventRules, wrong: string[]): Ms | undefined {
  const found = typeof at === "number" ? at : momentOf(at);
  if (found === undefined || !Number.isFinite(found)) wrong.push(`at: found ${shown(at)}, ${MOMENT}`);
  else if (found < test.sinceMs)
    wrong.push(`at: found ${shown(at)}, which is before the test of ${nameOf(test)} began`);
  else if (found > receivedMs + AHEAD_MS) wrong.push(`at: found ${shown(at)}, which has not come yet`);
  else return ms(found);
  return undefined;
}

const nameOf = ({ service, rollout }: RunningTest): string => `${service}/${rollout}`;

type Fields = z.output<typeof Event>;

function checkGoal(
  { goal, value }: Pick<Fields, "goal" | "value">,
  { conversions }: RunningTest,
  wrong: string[],
): void {
  if (goal === undefined && value !== undefined) wrong.push("value: goes with a goal, and there is none");
  if (goal === undefined || conversions.kind !== "events" || goal === conversions.goal) return;
  wrong.push(`goal: found ${shown(goal)}, the test counts ${shown(conversions.goal)}`);
}

function variantIn(
  { user, goal, variant }: Pick<Fields, "user" | "goal" | "variant">,
  { plan: { names }, assign }: RunningTest,
  wrong: string[],
): UserEvent["variant"] {
  const name = variant ?? (goal === undefined ? assign?.(user) : undefined);
  if (name === names.control) return "control";
  if (name === names.treatment) return "treatment";
  const there = `the variants are ${names.control} and ${names.treatment}`;
  if (name !== undefined) wrong.push(`variant: found ${shown(name)}, ${there}`);
  else if (goal === undefined && assign) wrong.push("user: this one is with neither variant");
  else if (goal === undefined)
    wrong.push(`variant: is missing: rules decide, so the event must say which one; ${there}`);
  return undefined;
}
