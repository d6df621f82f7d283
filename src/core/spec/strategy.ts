// How does a rollout file say in which way the new version comes to its users?
import * as z from "zod";
import { AbTestSchema, type AbTestSpec } from "./ab-test.ts";
import { BlueGreenSchema, type BlueGreenSpec } from "./blue-green.ts";
import { CanarySchema, type CanarySpec } from "./canary.ts";
import { ExperimentSchema, type ExperimentSpec } from "./experiment.ts";
import { RollingSchema, type RollingSpec } from "./rolling.ts";
import { exactlyOne, rule } from "./rule.ts";
import { ShadowSchema, type ShadowSpec } from "./shadow.ts";

/** Stop the old version, then start the new one. */
interface RecreateSpec {
  readonly kind: "recreate";
}

export type StrategySpec =
  | CanarySpec
  | AbTestSpec
  | RollingSpec
  | BlueGreenSpec
  | ShadowSpec
  | ExperimentSpec
  | RecreateSpec;

const STRATEGIES = ["canary", "rolling", "blueGreen", "shadow", "abTest", "experiment", "recreate"] as const;

export const StrategySchema = rule(
  z
    .strictObject({
      canary: CanarySchema.optional().describe("A little of the traffic first, then more."),
      rolling: RollingSchema.optional().describe("Replace the replicas batch by batch."),
      blueGreen: BlueGreenSchema.optional().describe("All of the new version beside the old one, then one switch."),
      shadow: ShadowSchema.optional().describe("Copies of users' requests; nobody gets the new version's answers."),
      abTest: AbTestSchema.optional().describe("Two variants for two groups of users, told apart by what they do."),
      experiment: ExperimentSchema.optional().describe(
        "Side by side with a fresh copy of stable; nothing is promoted.",
      ),
      recreate: z
        .strictObject({})
        .optional()
        .describe("Stop the old version, then start the new one: an outage between."),
    })
    .meta({ oneOf: STRATEGIES.map((name) => ({ required: [name] })) }),
  (strategy, report) => exactlyOne(strategy, STRATEGIES, report),
).transform(({ recreate: _none, ...asked }): StrategySpec => {
  return Object.values(asked).find((strategy) => strategy !== undefined) ?? { kind: "recreate" };
});
