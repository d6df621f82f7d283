// How does a file ask for copies of users' requests to a version that nobody sees?
import * as z from "zod";
import { badIgnore } from "../compare/ignore.ts";
import type { Ms } from "../units.ts";
import { CanarySchema, type CanarySpec } from "./canary.ts";
import { mirrorFields, type CopiesSpec } from "./mirroring.ts";
import { shown, written } from "./reading.ts";
import { rule } from "./rule.ts";
import { HoldSchema, JudgeSchema, type JudgeSpec } from "./steps.ts";
import { fractionFormat } from "./weights.ts";

/** A shadow, as the file asks for it. */
export interface ShadowSpec extends CopiesSpec {
  readonly kind: "shadow";
  /** Whether a fresh copy of stable gets copies too: what differs there is noise. */
  readonly noise: boolean;
  readonly compare?: CompareSpec | undefined;
  readonly holdMs?: Ms | undefined;
  readonly judge?: JudgeSpec | undefined;
  /** What follows; nothing ends the rollout without promoting anything. */
  readonly next?: CanarySpec | undefined;
}

/** How answers are compared. */
interface CompareSpec {
  readonly atLeast: number;
  readonly ignore: readonly string[];
  readonly found: "rollBack" | "hold" | "goOn";
  readonly alpha: number;
}

const Ignored = z.string().superRefine((text, context) => {
  const why = badIgnore(text);
  if (why === undefined) return;
  context.addIssue({ code: "custom", message: `found ${shown(text)}, ${why}`, params: { code: "wrong-value" } });
});

const Compare = z.strictObject({
  enabled: z.boolean().default(true).describe("false: compare no answers, only errors and latency."),
  atLeast: z.int().min(1).max(10_000_000).default(1_000).describe("Answers to compare before it goes on."),
  ignore: z
    .array(Ignored)
    .max(200)
    .default([])
    .describe("Parts that may differ: status, header.x-served-by, body.items[].id."),
  found: z
    .enum(["rollBack", "hold", "goOn"])
    .default("rollBack")
    .describe("What a part that differs beyond noise does."),
  alpha: written(fractionFormat({ atLeast: 0.0001, atMost: 20 }))
    .prefault("1%")
    .describe("How often a difference may be found where there is none."),
});

export const ShadowSchema = rule(
  z.strictObject({
    ...mirrorFields,
    noise: z
      .boolean()
      .default(true)
      .describe("A fresh copy of stable gets copies too: what differs there (timestamps, ids) is noise."),
    compare: Compare.prefault({}).describe("How the answers are compared with those that users got."),
    hold: HoldSchema.optional().describe("Copy for so long."),
    judge: JudgeSchema.optional().describe("Copy until the version is shown to be no worse."),
    next: z
      .strictObject({ canary: CanarySchema.describe("Go on as a canary, with the replicas that are there.") })
      .optional()
      .describe("What follows. Default: the shadow ends, and nothing is promoted."),
  }),
  ({ compare, hold, judge }, report) => {
    if (compare.enabled || hold !== undefined || judge) return;
    report([], "missing-field", "a shadow needs compare, hold or judge: something that it is there for");
  },
).transform(({ hold, next, compare, ...rest }): ShadowSpec => {
  const { enabled, ...asked } = compare;
  return { kind: "shadow", ...rest, holdMs: hold, next: next?.canary, ...(enabled ? { compare: asked } : {}) };
});
