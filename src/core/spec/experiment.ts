// How does a file ask for a comparison after which nothing is promoted?
import * as z from "zod";
import { WHOLE, ms, percent, weight, type Ms, type Weight } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { written } from "./reading.ts";
import { rule } from "./rule.ts";
import { WEIGHT } from "./weights.ts";

/** An experiment, as the file asks for it: baseline and candidate side by side, judged, and both gone in the end. */
export interface ExperimentSpec {
  readonly kind: "experiment";
  /** Of each of the two. */
  readonly share: Weight;
  readonly durationMs: Ms;
}

export const ExperimentSchema = rule(
  z.strictObject({
    share: written(WEIGHT)
      .prefault("5%")
      .describe("Share of the traffic of each: the candidate, and a fresh copy of stable."),
    for: written(durationFormat({ atLeast: ms(1_000) })).describe(
      "How long. A candidate that is worse ends it earlier.",
    ),
  }),
  ({ share }, report) => {
    if (share <= WHOLE / 2) return;
    report(["share"], "wrong-value", `found ${percent(share)}, each gets at most ${percent(weight(WHOLE / 2))}`);
  },
).transform(({ share, for: lasting }): ExperimentSpec => ({ kind: "experiment", share, durationMs: lasting }));
