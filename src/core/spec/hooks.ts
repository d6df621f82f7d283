// How does a rollout file say what is called on the way?
import * as z from "zod";
import type { HookAt, HookSpec } from "../outbox/message.ts";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { JobSchema, jobTarget } from "./job.ts";
import { shown, written } from "./reading.ts";
import { exactlyOne, listed, rule, type Report } from "./rule.ts";
import { callFields, callTarget, checkCall, checkTemplate, Name, templatesOf, uniqueNames } from "./target.ts";
import { Plain } from "./plain.ts";

/** Moments, and whether a gate can stand there. */
const MOMENTS: Readonly<Record<HookAt, boolean>> = {
  start: true,
  before: true,
  increase: true,
  between: true,
  promotion: true,
  after: false,
  rollback: false,
  during: false,
  step: true,
};
const GATES = Object.keys(MOMENTS).filter((at) => MOMENTS[at as HookAt]);

const hookFields = z.strictObject({
  name: Name.describe("What texts call it."),
  at: z
    .enum(Object.keys(MOMENTS) as [HookAt, ...HookAt[]])
    .optional()
    .describe(
      "When it is called: start, before, increase, between, promotion, after, rollback, during, or step: where a step names it.",
    ),
  gate: z.literal(true).optional().describe("Asked again and again until it succeeds, as long as it takes."),
  rollbackWhen: z
    .literal(true)
    .optional()
    .describe("Asked again and again; the rollout is taken back when it succeeds."),
  ...callFields,
  job: JobSchema.optional().describe("A Job in the service's cluster: it succeeds when the Job does."),
  timeout: written(durationFormat({ atLeast: ms(100), atMost: ms(3_600_000) }))
    .prefault("30s")
    .describe("Longest time that one call may take."),
  retries: z.int().min(0).max(20).optional().describe("Further calls after one that failed. Default: 0."),
  every: written(durationFormat({ atLeast: ms(1_000), atMost: ms(86_400_000) }))
    .optional()
    .describe("From call to call, of gates, rollbackWhen and during. Default: 10s; 1m of during."),
  threshold: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe("With during only. Failures in a row that count. Default: 1."),
  onFailure: z
    .enum(["rollBack", "hold", "goOn"])
    .optional()
    .describe("What a failure does to the rollout. Default: rollBack; goOn of after and rollback."),
  metadata: z.record(z.string().min(1), Plain).default({}).describe("Handed on in the payload."),
});

type HookFields = z.output<typeof hookFields>;

function checkHook(hook: HookFields, report: Report): void {
  exactlyOne(hook, ["http", "command", "job"], report);
  checkCall(hook, report);
  for (const name of Object.keys(hook.metadata))
    if (!/^[\w-]+$/u.test(name))
      report(["metadata", name], "wrong-value", `found ${shown(name)}, a name here has letters, digits, _ and -`);
  for (const one of templatesOf(hook)) checkTemplate(one, Object.keys(hook.metadata), report);
  checkWhen(hook, report);
  checkFailure(hook, report);
}

function checkWhen({ at, gate, rollbackWhen, every }: HookFields, report: Report): void {
  if (rollbackWhen && gate) report(["gate"], "conflict", "found beside rollbackWhen, only one of the two can be here");
  if (rollbackWhen && at !== undefined)
    report(["at"], "conflict", "rollbackWhen is asked all the way: take at out, or rollbackWhen");
  if (!rollbackWhen && at === undefined)
    report(["at"], "missing-field", `at is missing: one of ${listed(Object.keys(MOMENTS), "or")}`);
  if (gate && at !== undefined && !MOMENTS[at])
    report(["gate"], "conflict", `nothing waits at ${at}: a gate stands at ${listed(GATES, "or")}`);
  if (every !== undefined && !gate && !rollbackWhen && at !== undefined && at !== "during")
    report(["every"], "conflict", "called once: every is for gate, rollbackWhen and at: during");
}

function checkFailure(hook: HookFields, report: Report): void {
  const { at, gate, rollbackWhen, retries, threshold, onFailure } = hook;
  if (threshold !== undefined && at !== "during")
    report(["threshold"], "conflict", "threshold is for at: during: take it out");
  if (at === "during" && retries !== undefined)
    report(
      ["retries"],
      "conflict",
      "at: during is called again anyway, and threshold says how many failures count: take retries out",
    );
  const asked = gate ? "a gate" : rollbackWhen ? "rollbackWhen" : undefined;
  if (asked !== undefined && retries !== undefined)
    report(["retries"], "conflict", `${asked} is asked again anyway: take retries out`);
  if (asked !== undefined && onFailure !== undefined)
    report(["onFailure"], "conflict", `a failure of ${asked} is an answer: take onFailure out`);
  const isOver = at === "after" || at === "rollback";
  if (isOver && onFailure !== undefined && onFailure !== "goOn")
    report(["onFailure"], "conflict", `the rollout is over at ${at}, a failure changes nothing: take onFailure out`);
}

const NEEDED = ["at", "gate", "rollbackWhen", "http", "command", "job", "env", "cwd", "metadata"];
const EVERY = ms(10_000);
const EVERY_DURING = ms(60_000);

const Hook = rule(hookFields, checkHook, NEEDED).transform((hook): HookSpec => {
  const { name, at = "during", gate, rollbackWhen, timeout, retries = 0, every, threshold = 1, metadata } = hook;
  const mode = gate ? "gate" : rollbackWhen ? "rollback" : "run";
  const isOver = at === "after" || at === "rollback";
  return {
    name,
    at,
    mode,
    target: hook.job ? jobTarget(hook.job) : callTarget(hook),
    timeoutMs: timeout,
    retries,
    everyMs: every ?? (at === "during" && mode === "run" ? EVERY_DURING : EVERY),
    onFailure: hook.onFailure ?? (isOver ? "goOn" : "rollBack"),
    threshold,
    metadata,
  };
});

/** Hooks, in the order in which those of one moment are called. */
export const HooksSchema: z.ZodType<readonly HookSpec[]> = rule(z.array(Hook).max(100), uniqueNames);
