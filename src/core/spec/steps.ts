// What may the steps of a canary say?
import * as z from "zod";
import type { OpenHours } from "../calendar.ts";
import type { Condition } from "../match.ts";
import { NOTHING, WHOLE, duration, ms, percent, type Ms, type Weight } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { HoursSchema } from "./calendar.ts";
import { textOrMap } from "./either.ts";
import { MatchListSchema } from "./matches.ts";
import { written, writtenOrNumber } from "./reading.ts";
import { exactlyOne, listed, rule, type Report } from "./rule.ts";
import { POOL_SIZE, type PoolSize } from "./sizes.ts";
import { WEIGHT } from "./weights.ts";

/** What to do when the longest time of a judgement is over and nothing is shown. */
export const UndecidedSchema = z.enum(["hold", "goOn", "rollBack"]);

const moreThanNothing = durationFormat({ atLeast: ms(1) });

export const JudgeSchema = rule(
  z.strictObject({
    atLeast: written(durationFormat())
      .prefault("0s")
      .describe("Shortest time, even when the version is shown to be good earlier."),
    atMost: written(moreThanNothing)
      .optional()
      .describe("Longest time. Without it the judgement waits as long as it takes."),
    undecided: UndecidedSchema.optional().describe(
      "What to do after atMost when nothing is shown. Default: as analysis.undecided says.",
    ),
  }),
  (judge, report) => {
    if (judge.atMost !== undefined && judge.atLeast > judge.atMost) {
      report(
        ["atMost"],
        "conflict",
        `found ${duration(judge.atMost)}, shorter than atLeast ${duration(judge.atLeast)}: swap them`,
      );
    }
    if (judge.undecided !== undefined && judge.atMost === undefined) {
      report(["undecided"], "conflict", "without atMost the judgement never ends undecided: add atMost");
    }
  },
).transform(({ atLeast, atMost, undecided }) => ({ atLeastMs: atLeast, atMostMs: atMost, undecided }));

/** A judgement, as the file asks for it. */
export type JudgeSpec = Readonly<z.output<typeof JudgeSchema>>;

export const HoldSchema = written(moreThanNothing);

/** More people than this are asked by nobody. */
export const MOST_APPROVERS = 10;

const DOES = ["weight", "match", "replicas", "run", "hold", "judge", "gate"] as const;

const GateMap = rule(
  z
    .strictObject({
      hours: z.array(HoursSchema).min(1).optional().describe("Opens in any of these hours."),
      approvals: z
        .int()
        .min(1)
        .max(MOST_APPROVERS)
        .optional()
        .describe("Opens when so many people have said go, none of whom has started the rollout."),
      what: z.string().min(1).optional().describe("What is waited for, for people."),
    })
    .meta({ oneOf: [{ required: ["hours"] }, { required: ["approvals"] }] }),
  (gate, report) => exactlyOne(gate, ["hours", "approvals"], report),
).transform(({ hours, approvals, what }): GateSpec => {
  if (hours === undefined) return { what: what ?? "shall it go on?", approvals };
  return { what: what ?? "its hours", by: { kind: "hours", hours } };
});

const Gate = textOrMap({
  text: z
    .string()
    .min(1)
    .transform((what): GateSpec => ({ what })),
  map: GateMap,
  right: "a text for a person, or a map with hours or approvals",
});

const StepSchema: z.ZodType<StepSpec> = rule(
  z
    .strictObject({
      weight: written(WEIGHT).optional().describe("The canary's share of the traffic from this step on."),
      down: z.literal(true).optional().describe("Says that this weight is meant to be lower than the one before."),
      match: MatchListSchema.optional().describe(
        "Requests that go to the canary whatever its share, from this step on. [] in a later step ends that.",
      ),
      replicas: writtenOrNumber(POOL_SIZE)
        .optional()
        .describe("Replicas of the canary from this step on, where its share alone would need fewer."),
      run: z.string().min(1).optional().describe("Name of a hook with at: step, which is called now."),
      hold: HoldSchema.optional().describe("Stay so long. A version that is shown to be worse is rolled back at once."),
      judge: JudgeSchema.optional().describe("Stay until the version is shown to be no worse."),
      gate: Gate.optional().describe(
        "Stay until a person says go; the text says what to look at. Or until several have, or the clock does.",
      ),
    })
    .meta({ anyOf: DOES.map((name) => ({ required: [name] })) }),
  (step, report) => {
    if (DOES.every((name) => step[name] === undefined)) {
      report([], "missing-field", `a step has at least one of ${listed(DOES, "and")}`);
    }
    if (step.down !== undefined && step.weight === undefined) report(["down"], "conflict", "down goes with a weight");
  },
).transform(({ hold, gate, ...rest }): StepSpec => ({ ...rest, holdMs: hold, ...(gate && { gate }) }));

/** One step of a canary, as the file asks for it. What is given is done in this order. */
export interface StepSpec {
  readonly weight?: Weight | undefined;
  readonly down?: true | undefined;
  readonly holdMs?: Ms | undefined;
  readonly judge?: JudgeSpec | undefined;
  readonly gate?: GateSpec | undefined;
  /** Requests of which all conditions of any entry hold go to the canary. */
  readonly match?: readonly (readonly Condition[])[] | undefined;
  readonly replicas?: PoolSize | undefined;
  /** Name of a hook. */
  readonly run?: string | undefined;
}

/** What a step waits for, and who says so if it is not a person. */
interface GateSpec {
  readonly what: string;
  readonly by?: { readonly kind: "hours"; readonly hours: readonly OpenHours[] } | undefined;
  /** So many people must say so, none of whom has started the rollout; without it anybody may. */
  readonly approvals?: number | undefined;
}

export const StepsSchema = z.array(StepSchema).min(1);

/** Reports what is wrong with the order of the steps. */
export function checkSteps(steps: readonly StepSpec[], report: Report): void {
  let share: number = NOTHING;
  let matched = false;
  steps.forEach((step, index) => {
    checkWeight({ step, index, share }, report);
    share = step.weight ?? share;
    matched = step.match === undefined ? matched : step.match.length > 0;
    if (share === NOTHING && !matched) {
      for (const [field, value] of [
        ["hold", step.holdMs],
        ["judge", step.judge],
      ] as const) {
        if (value === undefined) continue;
        report(
          [index, field],
          "order",
          `no request goes to the canary yet, so there is nothing to ${field} for: begin with a weight or a match`,
        );
      }
    }
    if (share === WHOLE && step.judge !== undefined) {
      report(
        [index, "judge"],
        "order",
        "at 100% no request goes to stable, so there is nothing to compare: judge at a smaller weight",
      );
    }
    if (step.weight === WHOLE && index < steps.length - 1) {
      report([index, "weight"], "order", "found 100% before the last step, only the last one can have it");
    }
  });
  if (share === NOTHING) report([], "missing-field", "no step has a weight, so everyone would get the version at once");
}

function checkWeight(
  at: { readonly step: StepSpec; readonly index: number; readonly share: number },
  report: Report,
): void {
  const { step, index, share } = at;
  if (step.weight === undefined) return;
  const [found, before] = [percent(step.weight), percent(share as Weight)];
  if (step.weight === share) {
    report([index, "weight"], "order", `found ${found} again, a step without a weight keeps the share`);
  } else if (step.weight < share && step.down === undefined) {
    report(
      [index, "weight"],
      "order",
      `found ${found} after ${before}, a lower weight must say that it is meant: down: true`,
    );
  } else if (step.weight > share && step.down !== undefined) {
    report([index, "down"], "order", `found down, but ${found} is more than ${before}: take it out`);
  }
}
