// How does a file ask for a comparison after which nothing is promoted?
import * as z from "zod";
import { RIVALS } from "../split.ts";
import { WHOLE, ms, percent, weight, type Ms, type Weight } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { written } from "./reading.ts";
import { rule } from "./rule.ts";
import { Name, uniqueNames } from "./target.ts";
import { WEIGHT } from "./weights.ts";
import { Plain } from "./plain.ts";

/** An experiment, as the file asks for it: baseline and candidates side by side, judged, and all gone in the end. */
export interface ExperimentSpec {
  readonly kind: "experiment";
  /** Of each of them. */
  readonly share: Weight;
  readonly durationMs: Ms;
  /** Candidates beside the one that the file's workload is. */
  readonly rivals: readonly RivalSpec[];
}

/** A further candidate: the file's workload with another command, or with other values in its environment. */
interface RivalSpec {
  readonly name: string;
  readonly command?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
}

const RivalSchema = rule(
  z.strictObject({
    name: Name.describe("What texts call it."),
    command: z.array(Plain).min(1).optional().describe("Its program and arguments. Default: the file's."),
    env: z
      .record(z.string().min(1), Plain)
      .default({})
      .describe("Environment variables beside, and in place of, the file's."),
  }),
  ({ command, env }, report) => {
    if (command !== undefined || Object.keys(env).length > 0) return;
    report([], "missing-field", "a further candidate differs in something: command or env");
  },
);

export const ExperimentSchema = rule(
  z.strictObject({
    share: written(WEIGHT)
      .prefault("5%")
      .describe("Share of the traffic of each: the candidates, and a fresh copy of stable."),
    for: written(durationFormat({ atLeast: ms(1_000) })).describe(
      "How long. A candidate that is worse leaves earlier.",
    ),
    candidates: rule(z.array(RivalSchema).max(RIVALS.length), uniqueNames)
      .default([])
      .describe("Further candidates beside the file's own."),
  }),
  ({ share, candidates }, report) => {
    const parts = candidates.length + 2;
    if (parts * share <= WHOLE) return;
    const most = percent(weight(Math.floor(WHOLE / parts)));
    report(["share"], "wrong-value", `found ${percent(share)}, each of ${parts} gets at most ${most}`);
  },
  ["share", "candidates"],
).transform(({ share, for: lasting, candidates }): ExperimentSpec => {
  return { kind: "experiment", share, durationMs: lasting, rivals: candidates };
});
