// How does a file ask for a new version beside the old one, and one switch?
import * as z from "zod";
import type { Condition } from "../match.ts";
import { ms, type Ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { MatchListSchema } from "./matches.ts";
import { mirrorFields, type CopiesSpec } from "./mirroring.ts";
import { written, writtenOrNumber } from "./reading.ts";
import { POOL_SIZE, type PoolSize } from "./sizes.ts";
import { HoldSchema, JudgeSchema, type JudgeSpec } from "./steps.ts";

/** A blue-green deployment, as the file asks for it. */
export interface BlueGreenSpec {
  readonly kind: "blueGreen";
  /** Requests that get the new version before the switch. */
  readonly preview: readonly (readonly Condition[])[];
  /** Replicas before the switch; all without it. */
  readonly replicas?: PoolSize | undefined;
  readonly mirror?:
    | (CopiesSpec & { readonly holdMs?: Ms | undefined; readonly judge?: JudgeSpec | undefined })
    | undefined;
  /** Between the tests and the switch. */
  readonly holdMs?: Ms | undefined;
  readonly promotion: "automatic" | "manual";
  /** How long the old version stays at its full size after the switch. */
  readonly keepOldMs: Ms;
}

const Mirror = z
  .strictObject({
    ...mirrorFields,
    hold: HoldSchema.optional().describe("Copy for so long."),
    judge: JudgeSchema.optional().describe("Copy until the version is shown to be no worse."),
  })
  .transform(({ hold, ...rest }) => ({ ...rest, holdMs: hold }));

export const BlueGreenSchema = z
  .strictObject({
    preview: MatchListSchema.default([]).describe(
      "Requests that get the new version before the switch, besides those at traffic.proxy.preview.",
    ),
    replicas: writtenOrNumber(POOL_SIZE)
      .optional()
      .describe("Replicas of the new version before the switch. Default: all."),
    mirror: Mirror.optional().describe("Before the switch, copies of users' requests go to the new version."),
    hold: HoldSchema.optional().describe("Wait so long before the switch."),
    promotion: z
      .enum(["automatic", "manual"])
      .default("automatic")
      .describe("manual: the switch waits for a person (serin promote)."),
    keepOld: written(durationFormat({ atMost: ms(7 * 86_400_000) }))
      .prefault("5m")
      .describe("How long the old version stays, at its full size, after the switch: abort switches back at once."),
  })
  .transform(({ hold, keepOld, ...rest }): BlueGreenSpec => {
    return { kind: "blueGreen", ...rest, holdMs: hold, keepOldMs: keepOld };
  });
