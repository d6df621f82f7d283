// How does a file ask for a canary?
import * as z from "zod";
import { WHOLE, ms, percent, weight, type Ms, type Weight } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { written, writtenOrNumber } from "./reading.ts";
import { rule, type Report } from "./rule.ts";
import { SHORTHAND, shorthandSteps, type Shorthand } from "./shorthand.ts";
import { HoldSchema, JudgeSchema, StepsSchema, checkSteps, type JudgeSpec, type StepSpec } from "./steps.ts";
import { FLAGGER_WEIGHT, WEIGHT } from "./weights.ts";

/** A canary, as the file asks for it. */
export interface CanarySpec {
  readonly kind: "canary";
  /** What the canary is compared with: the whole running fleet, or a fresh copy of stable of the canary's size. */
  readonly baseline: "stable" | "same-size";
  readonly steps: readonly StepSpec[];
  /** Whether the steps stand in the file, or Flagger's shorthand for them. */
  readonly shorthand: boolean;
  /** Shares paced by evidence instead of steps; then there are none. */
  readonly ramp?: RampSpec | undefined;
  /** How long the old version stays, at its full size, after everybody has the new one. */
  readonly watchMs?: Ms | undefined;
  /** How often a worse version is taken down a step and judged anew. */
  readonly stepsBack: number;
}

/** How many failed requests a bad version may cost, and how far the share rises by itself. */
export interface RampSpec {
  readonly harm: number;
  readonly to: Weight;
  readonly minBakeMs: Ms;
  readonly judge?: JudgeSpec | undefined;
}

/** More steps than anyone reads are a mistake in the unit. */
const MOST_STEPS = 1_000;

const Ramp = z
  .strictObject({
    harm: z
      .number()
      .positive()
      .max(1_000_000)
      .describe("Failed requests, beyond what stable would have had, that a bad version may cost, about."),
    max: written(WEIGHT)
      .prefault("50%")
      .describe("The share at which the ramp ends; after it the version is promoted."),
    minBake: written(durationFormat())
      .prefault("10m")
      .describe("Shortest time at the last share: some faults need time to show, such as leaks."),
    judge: JudgeSchema.optional().describe("After minBake: stay until the version is shown to be no worse."),
  })
  .transform(({ max, minBake, ...rest }): RampSpec => ({ ...rest, to: max, minBakeMs: minBake }));

const canaryFields = z.strictObject({
  baseline: z
    .enum(["stable", "same-size"])
    .default("stable")
    .describe("Compare with the running fleet, or with a fresh copy of it as small and as young as the canary."),
  steps: StepsSchema.optional().describe(
    "What to do, one after the other. After the last step the version is promoted.",
  ),
  ramp: Ramp.optional().describe("Instead of steps: the share rises as fast as the evidence allows."),
  watch: HoldSchema.optional().describe(
    "How long the old version stays, at its full size, once everybody has the new one: abort goes back at once.",
  ),
  stepsBack: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe("How often a version that is worse goes one step down, to be judged anew, before it is rolled back."),
  stepWeight: writtenOrNumber(FLAGGER_WEIGHT).optional().describe("Flagger's shorthand: the weight rises by this."),
  stepWeights: z
    .array(writtenOrNumber(FLAGGER_WEIGHT))
    .min(1)
    .optional()
    .describe("Flagger's shorthand: these weights, one after the other."),
  maxWeight: writtenOrNumber(FLAGGER_WEIGHT)
    .optional()
    .describe("Flagger's shorthand: the last weight before promotion. Default: 100%."),
  interval: written(durationFormat({ atLeast: ms(1) }))
    .optional()
    .describe("Flagger's shorthand: how long each weight is held. Default: 1m."),
});

type CanaryFields = z.output<typeof canaryFields>;

const WEIGHTS = ["stepWeight", "stepWeights", "maxWeight"] as const;
export const CanarySchema = rule(
  rule(
    rule(canaryFields, checkShorthand, [...WEIGHTS, "steps", "ramp"]),
    ({ steps, stepWeights }, report) => {
      if (steps) checkSteps(steps, (path, code, message) => report(["steps", ...path], code, message));
      else if (stepWeights) checkStepWeights(stepWeights, report);
    },
    ["steps", "stepWeights"],
  ),
  checkBaseline,
  ["baseline", "steps", "ramp", ...WEIGHTS],
).transform((canary): CanarySpec => {
  const { baseline, steps, ramp, watch, stepsBack } = canary;
  const common = { kind: "canary", baseline, stepsBack, ...(watch === undefined ? {} : { watchMs: watch }) } as const;
  if (ramp) return { ...common, steps: [], shorthand: false, ramp };
  return { ...common, steps: steps ?? shorthandSteps(canary), shorthand: steps === undefined };
});

function checkShorthand(canary: CanaryFields, report: Report): void {
  const { steps, stepWeight, stepWeights, maxWeight, ramp } = canary;
  if (ramp) {
    if (canary.stepsBack > 0)
      report(["stepsBack"], "conflict", "found beside ramp, whose share has no steps to go back to: take it out");
    for (const field of ["steps", ...SHORTHAND] as const) {
      if (canary[field] === undefined) continue;
      report([field], "conflict", "found beside ramp, which sets the shares by itself: keep one of the two");
    }
    return;
  }
  if (steps) {
    for (const field of SHORTHAND) {
      if (canary[field] === undefined) continue;
      report([field], "conflict", "found beside steps, the shorthand stands for steps: keep one of the two");
    }
    return;
  }
  if (stepWeights) {
    if (stepWeight !== undefined) report(["stepWeight"], "conflict", "found beside stepWeights: keep one of the two");
    if (maxWeight !== undefined) {
      report(["maxWeight"], "conflict", "found beside stepWeights, their last one is the highest: take it out");
    }
  } else if (stepWeight === undefined) {
    report([], "missing-field", "a canary needs steps, or stepWeight for equal steps, or ramp");
  } else if (stepWeight > (maxWeight ?? WHOLE)) {
    report(
      ["stepWeight"],
      "conflict",
      `found ${percent(stepWeight)}, more than maxWeight ${percent(maxWeight ?? WHOLE)}`,
    );
  } else if ((maxWeight ?? WHOLE) / stepWeight > MOST_STEPS) {
    report(["stepWeight"], "wrong-value", `found ${percent(stepWeight)}, that would be more than ${MOST_STEPS} steps`);
  }
}

function checkStepWeights(weights: readonly Weight[], report: Report): void {
  weights.forEach((share, index) => {
    const before = weights[index - 1];
    if (before === undefined || share > before) return;
    report(
      ["stepWeights", index],
      "order",
      `found ${percent(share)} after ${percent(before)}, weights rise: use steps for one that falls`,
    );
  });
}

/** Canary and baseline get the same share each, so that neither can have more than half. */
function checkBaseline(canary: CanaryFields, report: Report): void {
  if (canary.baseline !== "same-size") return;
  const half = weight(WHOLE / 2);
  const right =
    "a same-size baseline gets as much as the canary, so a weight is at most 50% (or 100% in the last step)";
  if (canary.ramp && canary.ramp.to > half)
    report(["ramp", "max"], "conflict", `found ${percent(canary.ramp.to)}, ${right}`);
  canary.steps?.forEach(({ weight: share }, index) => {
    if (share === undefined || share <= half || share === WHOLE) return;
    report(["steps", index, "weight"], "conflict", `found ${percent(share)}, ${right}`);
  });
  if (canary.steps || (canary.stepWeight === undefined && canary.stepWeights === undefined)) return;
  const tooMuch = shorthandWeights(canary).find((share) => share > half && share < WHOLE);
  const field = WEIGHTS.findLast((name) => canary[name] !== undefined) ?? "stepWeight";
  if (tooMuch !== undefined) report([field], "conflict", `found ${percent(tooMuch)}, ${right}`);
}

function shorthandWeights(shorthand: Shorthand): readonly Weight[] {
  const tooMany = (shorthand.maxWeight ?? WHOLE) / (shorthand.stepWeight ?? WHOLE) > MOST_STEPS;
  return tooMany ? [] : shorthandSteps(shorthand).flatMap(({ weight: share }) => (share === undefined ? [] : [share]));
}
